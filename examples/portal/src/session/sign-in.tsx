/** The first page: who are you? One click per way in. */

import { useEffect, useState } from 'react';

import { Mark } from '../parts/mark';
import { takeFocus } from '../parts/screen';
import type { Choice, Identity } from './identity';
import { provider } from './provider';

interface SignInProps {
  /** Why one has to sign in (again), where there is a reason. */
  because: string | null;
  onSignIn: (identity: Identity) => void;
}

export function SignIn({ because, onSignIn }: SignInProps) {
  const [choices, setChoices] = useState<Choice[]>();
  const [failure, setFailure] = useState<string | null>(because);
  useEffect(() => {
    takeFocus();
    document.title = 'Sign in · Portal';
    provider.choices().then(setChoices, (error: unknown) => setFailure(said(error)));
  }, []);

  const enter = (choice: Choice) => choice.signIn().then(onSignIn, (error: unknown) => setFailure(said(error)));

  return (
    <main className="sign-in">
      <h1>
        <Mark />
        Customer portal
      </h1>
      <div role="status">{failure && <p className="notice notice-warn">{failure}</p>}</div>
      {choices && choices.length > 0 && (
        <>
          <p>Who are you today? One click signs in.</p>
          <ul>
            {choices.map((choice) => (
              <li key={choice.label}>
                <button type="button" onClick={() => void enter(choice)}>
                  <strong>{choice.label}</strong>
                  <span>{choice.description}</span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
      {choices?.length === 0 && (
        <p>This server hands out no demo tokens. README.md of the portal tells how to connect an identity provider.</p>
      )}
    </main>
  );
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

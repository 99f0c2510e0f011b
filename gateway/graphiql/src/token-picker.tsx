/** Chooses which of the demo's tokens requests carry. */

import { ChevronDownIcon, DropdownMenu, tryParseJSONC, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useRef } from 'react';
import { useStore } from 'zustand';

import type { Token } from './config';
import { session, setsAuthorization } from './session';

export function TokenPicker({ tokens }: { tokens: Token[] }) {
  const token = useStore(session, (state) => state.token);
  const overridden = useGraphiQL(({ tabs, activeTabIndex }) => typesAuthorization(tabs[activeTabIndex]?.headers ?? ''));
  useIntrospectionAs(token);

  return (
    <DropdownMenu>
      <DropdownMenu.Button
        className="token-button"
        aria-label={`Token: ${overridden ? 'set in the headers editor' : (token?.label ?? 'none')}`}
        title={overridden ? 'The headers editor sets Authorization; it wins over the chosen token.' : token?.description}
      >
        <KeyIcon />
        <span>{overridden ? 'From headers' : (token?.label ?? 'No token')}</span>
        <ChevronDownIcon aria-hidden="true" />
      </DropdownMenu.Button>
      <DropdownMenu.Content align="end" aria-label="Token">
        {tokens.map((choice) => (
          <Choice key={choice.label} label={choice.label} description={choice.description} token={choice} chosen={token} />
        ))}
        <Choice label="No token" description="Ask as an anonymous caller" token={null} chosen={token} />
      </DropdownMenu.Content>
    </DropdownMenu>
  );
}

function Choice({ label, description, token, chosen }: { label: string; description: string; token: Token | null; chosen: Token | null }) {
  return (
    <DropdownMenu.Item
      className="token-choice"
      role="menuitemradio"
      aria-checked={token === chosen}
      onSelect={() => session.setState({ token })}
    >
      <span className="token-label">{label}</span>
      <span className="token-description">{description}</span>
    </DropdownMenu.Item>
  );
}

/** Another caller may see another schema; the former one stays in place until the new one has come. */
function useIntrospectionAs(token: Token | null): void {
  const { introspect } = useGraphiQLActions();
  const known = useRef(token);
  useEffect(() => {
    if (known.current === token) return;
    known.current = token;
    void introspect();
  }, [token, introspect]);
}

function typesAuthorization(headers: string): boolean {
  try {
    return setsAuthorization(tryParseJSONC(headers) ?? {});
  } catch {
    return false; // half typed
  }
}

function KeyIcon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.75" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      <circle cx="8" cy="15" r="4" />
      <path d="m11 12 8.5-8.5M16 7l3 3M13.5 9.5l2 2" />
    </svg>
  );
}

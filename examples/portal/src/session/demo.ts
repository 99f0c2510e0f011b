/** Signs in with the tokens that `bizgraph demo` hands out, as GraphiQL's token picker does. No other server has any. */

import type { Choice, Identity, IdentityProvider } from './identity';

interface Token {
  label: string;
  description: string;
  token: string;
}

/** Remembers which token was chosen, so that a reload need not ask. The token itself is kept in memory only. */
const CHOSEN = 'portal-chosen';

export const demo: IdentityProvider = {
  async resume() {
    const chosen = sessionStorage.getItem(CHOSEN);
    if (chosen === null) return null;
    const token = (await tokens()).find(({ label }) => label === chosen);
    return token ? identity(token) : null;
  },
  async choices() {
    return (await tokens()).map((token): Choice => ({
      label: token.label,
      description: token.description,
      async signIn() {
        sessionStorage.setItem(CHOSEN, token.label);
        return identity(token);
      },
    }));
  },
  signOut() {
    sessionStorage.removeItem(CHOSEN);
  },
};

async function tokens(): Promise<Token[]> {
  const response = await fetch(new URL('../graphiql/config.json', document.baseURI));
  if (!response.ok) throw new Error(`The ways to sign in could not be read: the server answered ${response.status}.`);
  const config = (await response.json()) as { tokens?: Token[] };
  return config.tokens ?? [];
}

function identity({ label, token }: Token): Identity {
  return { label, token: () => token };
}

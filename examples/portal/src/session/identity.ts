/** Where the portal learns who is there. The demo's own answer is in demo.ts; README.md tells how to put another in. */

export interface Identity {
  /** How the page calls this person while the CRM has not said the name. */
  label: string;
  /** The access token for the next request. */
  token: () => string;
}

/** One way in, as the sign-in page offers it. */
export interface Choice {
  label: string;
  description: string;
  signIn: () => Promise<Identity>;
}

export interface IdentityProvider {
  /** Who is signed in already: after a reload, or on the way back from the pages of an identity provider. */
  resume: () => Promise<Identity | null>;
  /** Raises an Error with a sentence to show when they cannot be had. */
  choices: () => Promise<Choice[]>;
  signOut: () => void;
}

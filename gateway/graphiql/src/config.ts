/** What the server tells the page about itself: `GET graphiql/config.json`. */

export interface Token {
  label: string;
  description: string;
  token: string;
}

export interface Example {
  title: string;
  query: string;
  /** As an object, or as the text of the variables editor. */
  variables?: Record<string, unknown> | string | null;
}

export interface Config {
  /** Where operations are posted; relative addresses count from the page. */
  endpoint: string;
  /** The WebSocket address for subscriptions (graphql-transport-ws), or null when there is none. */
  subscriptionUrl: string | null;
  title: string;
  /** Ready tokens to choose from. Only a demo sends any. */
  tokens: Token[];
  examples: Example[];
  /** Whether the server knows `extensions.explain` and `extensions.trace`. */
  explain: boolean;
}

const defaults: Config = {
  endpoint: './graphql',
  subscriptionUrl: null,
  title: 'GraphiQL',
  tokens: [],
  examples: [],
  explain: false,
};

/** Reads the configuration; raises an Error with a sentence to show when it cannot be had. */
export async function loadConfig(): Promise<Config> {
  const response = await fetch(new URL('graphiql/config.json', document.baseURI));
  if (!response.ok) {
    throw new Error(`The page's configuration could not be read: the server answered ${response.status}.`);
  }
  const told = (await response.json()) as Partial<Config>;
  return { ...defaults, ...told };
}

/** GraphiQL with what this gateway adds: examples, the token picker, the query builder and the Plan panel. */

import './workers';
import '@graphiql/react/font/roboto.css';
import '@graphiql/react/font/fira-code.css';
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import '@graphiql/plugin-explorer/style.css';
import 'graphiql/graphiql.css';
import './app.css';

import { explorerPlugin } from '@graphiql/plugin-explorer';
import { HISTORY_PLUGIN } from '@graphiql/plugin-history';
import { KeyCode, KeyMod, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { GraphiQL } from 'graphiql';
import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';

import type { Config } from './config';
import { ExamplesMenu, exampleTabs, seedFirstVisit } from './examples';
import { planPlugin, planTitle } from './plan/plugin';
import { forgetCaller, planStore } from './plan/store';
import { session } from './session';
import { TokenPicker } from './token-picker';
import { createFetcher } from './transport/fetcher';

export function render(root: HTMLElement, config: Config): void {
  session.setState({ token: config.tokens[0] ?? null });
  session.subscribe(forgetCaller);
  seedFirstVisit(exampleTabs(config.examples));
  createRoot(root).render(<App config={config} />);
}

function App({ config }: { config: Config }) {
  // Made once: GraphiQL reads the schema anew for another fetcher, and closes the open panel for other plugins.
  const [fetcher] = useState(() => createFetcher(config));
  const [plugins] = useState(() => [HISTORY_PLUGIN, explorerPlugin(), ...(config.explain ? [planPlugin(config.endpoint)] : [])]);
  const [tabs] = useState(() => exampleTabs(config.examples));

  return (
    <GraphiQL
      fetcher={fetcher}
      plugins={plugins}
      onTogglePluginVisibility={(plugin) => planStore.setState({ open: plugin?.title === planTitle })}
      maxHistoryLength={50}
      schemaDescription
      {...(tabs.length > 0 && { defaultTabs: tabs })}
    >
      <GraphiQL.Logo>
        <div className="masthead">
          <span className="masthead-title">{config.title}</span>
          {config.tokens.length > 0 && <TokenPicker tokens={config.tokens} />}
        </div>
      </GraphiQL.Logo>
      <GraphiQL.Toolbar>
        {({ prettify, merge, copy }) => (
          <>
            {prettify}
            {merge}
            {copy}
            {config.examples.length > 0 && <ExamplesMenu examples={config.examples} />}
          </>
        )}
      </GraphiQL.Toolbar>
      <SystemTheme />
      <Shortcuts />
    </GraphiQL>
  );
}

/** GraphiQL picks Monaco's colours once; this follows when the system turns dark or light meanwhile. */
function SystemTheme() {
  const theme = useGraphiQL((state) => state.theme);
  const { setTheme } = useGraphiQLActions();
  useEffect(() => {
    if (theme !== null) return;
    const system = window.matchMedia('(prefers-color-scheme: dark)');
    const follow = () => setTheme(null);
    system.addEventListener('change', follow);
    return () => system.removeEventListener('change', follow);
  }, [theme, setTheme]);
  return null;
}

/**
 * GraphiQL announces Shift-Ctrl-P, -M and -C, but what it registers is the Windows key outside macOS.
 * https://github.com/graphql/graphiql/blob/main/packages/graphiql-react/src/constants.ts
 */
function Shortcuts() {
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const { copyQuery, mergeQuery, prettifyEditors } = useGraphiQLActions();
  useEffect(() => {
    if (queryEditor === undefined) return;
    const actions = [
      { id: 'prettify', label: 'Prettify', key: KeyCode.KeyP, run: prettifyEditors },
      { id: 'merge', label: 'Merge fragments', key: KeyCode.KeyM, run: mergeQuery },
      { id: 'copy', label: 'Copy', key: KeyCode.KeyC, run: copyQuery },
    ].map(({ key, ...action }) => queryEditor.addAction({ ...action, keybindings: [KeyMod.CtrlCmd | KeyMod.Shift | key] }));
    return () => {
      for (const action of actions) action.dispose();
    };
  }, [queryEditor, copyQuery, mergeQuery, prettifyEditors]);
  return null;
}

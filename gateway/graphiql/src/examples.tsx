/** Example operations: tabs on the first visit, and a menu that brings them back later. */

import { pick, ToolbarButton, ToolbarMenu, useGraphiQL, useGraphiQLActions } from '@graphiql/react';

import type { Example } from './config';

interface Tab {
  query: string;
  variables: string;
}

export function exampleTabs(examples: Example[]): Tab[] {
  return examples.map(({ query, variables }) => ({
    query,
    variables: typeof variables === 'string' ? variables : variables ? JSON.stringify(variables, null, 2) : '',
  }));
}

/**
 * GraphiQL restores the editors from storage and fills only the query from a default tab; without this the first
 * example would open without its variables.
 */
export function seedFirstVisit([first]: Tab[]): void {
  if (first === undefined || localStorage.getItem('graphiql:tabState') !== null) return;
  localStorage.setItem('graphiql:query', first.query);
  if (first.variables !== '') localStorage.setItem('graphiql:variables', first.variables);
}

export function ExamplesMenu({ examples }: { examples: Example[] }) {
  const { tabs, activeTabIndex, queryEditor, variableEditor } = useGraphiQL(
    pick('tabs', 'activeTabIndex', 'queryEditor', 'variableEditor'),
  );
  const { addTab, changeTab } = useGraphiQLActions();

  const show = ({ query, variables }: Tab) => {
    // A tab learns a moment later what is typed into its editor.
    const written = (tab: number) => (tab === activeTabIndex ? queryEditor?.getValue() : tabs[tab]?.query);
    const open = tabs.findIndex((_, tab) => written(tab) === query);
    if (open >= 0) {
      changeTab(open);
      return;
    }
    addTab();
    queryEditor?.setValue(query);
    variableEditor?.setValue(variables);
  };

  return (
    <ToolbarMenu
      button={
        <ToolbarButton label="Examples">
          <ExamplesIcon />
        </ToolbarButton>
      }
    >
      {exampleTabs(examples).map((tab, index) => (
        <ToolbarMenu.Item key={index} onSelect={() => show(tab)}>
          {examples[index]?.title}
        </ToolbarMenu.Item>
      ))}
    </ToolbarMenu>
  );
}

function ExamplesIcon() {
  return (
    <svg
      className="graphiql-toolbar-icon"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d="M4 4.5h6.5A1.5 1.5 0 0 1 12 6v14a1.5 1.5 0 0 0-1.5-1.5H4zM20 4.5h-6.5A1.5 1.5 0 0 0 12 6v14a1.5 1.5 0 0 1 1.5-1.5H20z" />
    </svg>
  );
}

/** The entry: small, so that a message stands on the page while the editor is on its way. */

import './page.css';

import { loadConfig } from './config';

async function open(root: HTMLElement): Promise<void> {
  const [config, { render }] = await Promise.all([loadConfig(), import('./app')]);
  document.title = config.title;
  render(root, config);
}

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no element #root');

open(root).catch((error: unknown) => {
  const notice = document.createElement('p');
  notice.className = 'notice';
  notice.setAttribute('role', 'alert');
  notice.textContent = `GraphiQL could not open. ${error instanceof Error ? error.message : String(error)}`;
  root.replaceChildren(notice);
});

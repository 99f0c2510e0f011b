import './style/base.css';
import './style/frame.css';
import './style/parts.css';
import './style/print.css';

import { createRoot } from 'react-dom/client';

import { App } from './app';

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no element #root');
createRoot(root).render(<App />);

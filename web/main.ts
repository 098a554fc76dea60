/** The page: a list of the cluster's actors, their statecharts, what happened to them, and time. */
import { render } from 'preact';
import { start } from './store.ts';
import { App } from './view/app.ts';
import { html } from './view/html.ts';
import { listenToKeys } from './view/keyboard.ts';
import { elk } from './view/layouts.ts';
import { applyTheme } from './view/theme.ts';

applyTheme();
elk();
start();
listenToKeys();
render(html`<${App} />`, document.getElementById('page')!);

/** The page in a browser, fed by a cluster that is moved by hand. */
import type { Browser, Page } from 'puppeteer-core';
import type { LiveItem, ServerMessage } from '../model/wire.ts';
import { FakeCluster } from './fake-cluster.ts';
import { type PageServer, startPageServer } from './page-server.ts';

export interface OpenedPage {
  readonly page: Page;
  readonly server: PageServer;
  readonly cluster: FakeCluster;
  /** What the page has logged as an error: to be empty. */
  readonly errors: readonly string[];
  /** As if its address had been given anew. */
  reload(): Promise<void>;
  /** The lists of actors that it asked to watch. */
  readonly watches: readonly (readonly string[])[];
  close(): Promise<void>;
}

export interface PageSettings {
  readonly hash?: string;
  readonly width?: number;
  readonly height?: number;
  readonly colors?: 'light' | 'dark';
  /** What has happened before the page is opened. */
  readonly past?: (cluster: FakeCluster) => void;
}

/** Chromium gives up what it loads when an interface comes or goes, as those of containers do. */
const networkChanged = 'net::ERR_NETWORK_CHANGED';
const loadTimeoutMs = 8000;
const loadTriesMax = 8;
/** Runs in the page: its modules, and the worker's script, which is asked for last. */
const allIsThere = `document.querySelector('.page') !== null && performance.getEntriesByType('resource')
  .some((each) => each.name.endsWith('/elk-worker.min.js') && each.responseStatus === 200)`;

export async function openPage(browser: Browser, settings: PageSettings = {}): Promise<OpenedPage> {
  const past: LiveItem[] = [];
  const watches: (readonly string[])[] = [];
  const greeting = (): readonly ServerMessage[] => [
    { hello: { cluster: 'mz', version: '0.1.0', nowMs: Date.now() } },
    past,
  ];
  const server = await startPageServer({
    greeting,
    onWatch: (sessionIds) => {
      watches.push(sessionIds);
      cluster.watch(sessionIds);
    },
  });
  const cluster = new FakeCluster((items) => {
    past.push(...items);
    server.send(items);
  });
  settings.past?.(cluster);
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    const isOfPage = !message.text().includes(networkChanged);
    if (isOfPage && (message.type() === 'error' || message.type() === 'warn'))
      errors.push(message.text());
  });
  await page.setViewport({ width: settings.width ?? 1440, height: settings.height ?? 900 });
  await page.emulateMediaFeatures([
    { name: 'prefers-color-scheme', value: settings.colors ?? 'light' },
  ]);
  // A page behind another one is given no frames.
  await page.bringToFront();
  await load(page, () => page.goto(`${server.url}${settings.hash ?? ''}`));
  return {
    page,
    server,
    cluster,
    errors,
    watches,
    reload: () => load(page, () => page.reload()),
    async close() {
      await page.close();
      await server.stop();
    },
  };
}

/** Until all of the page is there. */
export async function load(page: Page, arrive: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; tries < loadTriesMax; tries += 1) {
    await arrive().catch((error: Error) => {
      if (!error.message.includes(networkChanged)) throw error;
    });
    const deadlineAt = Date.now() + loadTimeoutMs;
    while (Date.now() < deadlineAt) {
      if (await page.evaluate(allIsThere)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`the page could not be loaded in ${loadTriesMax} tries`);
}

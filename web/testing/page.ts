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
  let isWhole = true;
  page.on('requestfailed', (request) => {
    if (request.failure()?.errorText === networkChanged) isWhole = false;
  });
  const load = async (arrive: () => Promise<unknown>) => {
    for (let tries = 0; tries < 10; tries += 1) {
      isWhole = true;
      await arrive().catch((error: Error) => {
        if (!error.message.includes(networkChanged)) throw error;
      });
      if (isWhole) return;
    }
    throw new Error('the network of this machine changes all the time');
  };
  await page.setViewport({ width: settings.width ?? 1440, height: settings.height ?? 900 });
  await page.emulateMediaFeatures([
    { name: 'prefers-color-scheme', value: settings.colors ?? 'light' },
  ]);
  // A page behind another one is given no frames.
  await page.bringToFront();
  await load(() => page.goto(`${server.url}${settings.hash ?? ''}`));
  return {
    page,
    server,
    cluster,
    errors,
    watches,
    reload: () => load(() => page.reload()),
    async close() {
      await page.close();
      await server.stop();
    },
  };
}

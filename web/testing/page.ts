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
    if (message.type() === 'error' || message.type() === 'warn') errors.push(message.text());
  });
  await page.setViewport({ width: settings.width ?? 1440, height: settings.height ?? 900 });
  await page.emulateMediaFeatures([
    { name: 'prefers-color-scheme', value: settings.colors ?? 'light' },
  ]);
  await page.goto(`${server.url}${settings.hash ?? ''}`);
  return {
    page,
    server,
    cluster,
    errors,
    watches,
    async close() {
      await page.close();
      await server.stop();
    },
  };
}

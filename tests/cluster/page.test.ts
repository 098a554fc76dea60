/** The page of a real cluster in a real browser: a leading master is killed, and the next one is seen to rise. */
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../runtime/clock.ts';
import { createLogger } from '../../runtime/log.ts';
import { connectTransport } from '../../runtime/nats.ts';
import { systemRandom } from '../../runtime/random.ts';
import { type InspectionServer, serveInspection } from '../../web/server/server.ts';
import { load } from '../../web/testing/page.ts';
import { browserMissing, launchBrowser } from '../support/browser.ts';
import { startCluster, type TestCluster } from './harness.ts';

if (browserMissing !== undefined) console.log(browserMissing);

const timeout = 60_000;

describe.skipIf(browserMissing !== undefined)('the page of a cluster', () => {
  let cluster: TestCluster;
  let server: InspectionServer;
  let browser: Browser;
  beforeAll(async () => {
    cluster = await startCluster({ agents: 1 });
    const { transport } = await connectTransport({
      ...{ url: cluster.natsUrl, role: 'client', name: 'page' },
      log: createLogger({ level: 'silent', fields: {} }),
    });
    server = await serveInspection({
      ...{ transport, clock: systemClock, random: systemRandom, cluster: 'mz', version: 'test' },
      ...{ host: '127.0.0.1', port: 0 },
    });
    browser = await launchBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await cluster?.stop();
  });

  test('shows a leader die and the next one rise', { timeout: 180_000 }, async () => {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    await load(page, () => page.goto(server.url));
    const masters = '[aria-label="Open the 2 Masters side by side"]';
    await page.waitForSelector(masters, { timeout });
    await page.click(masters);
    await page.waitForSelector(lit('serving'), { timeout });
    await page.waitForSelector(lit('contending'), { timeout });
    const leads = await sessionOf(page, lit('serving'));
    const follows = await sessionOf(page, lit('contending'));
    cluster.signal(await cluster.leadingMaster(), 'SIGKILL');
    await page.waitForSelector(`[data-session="${leads}"] .state-gone`, { timeout });
    await page.waitForSelector(`[data-session="${follows}"] ${lit('serving')}`, { timeout });
    expect(errors).toEqual([]);
  });
});

const lit = (state: string) => `.state.is-lit[data-path$="${state}"]`;

const sessionOf = (page: Page, selector: string) =>
  page.$eval(selector, (found) => found.closest('.panel')?.getAttribute('data-session'));

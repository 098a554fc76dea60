/** The page in a real browser: everything that one does with it, by mouse and by keyboard. */
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { browserMissing, launchBrowser } from '../tests/support/browser.ts';
import { type OpenedPage, openPage, type PageSettings } from './testing/page.ts';
import { everythingMachine, leaderDies, manyTasks, smallCluster } from './testing/scenarios.ts';

if (browserMissing !== undefined) console.log(browserMissing);

/** For a machine that does a dozen other things. */
const patienceMs = 60_000;
const testTimeoutMs = 120_000;

describe.skipIf(browserMissing !== undefined)('the page', { timeout: testTimeoutMs }, () => {
  let browser: Browser;
  let opened: OpenedPage | undefined;

  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    const { errors } = opened!;
    await opened!.close();
    expect(errors).toEqual([]);
  });

  async function open(settings: PageSettings = {}): Promise<OpenedPage> {
    opened = await openPage(browser, { past: smallCluster, ...settings });
    opened.page.setDefaultTimeout(patienceMs);
    await opened.page.waitForSelector('.actors-row');
    return opened;
  }

  test('lists every actor by kind, with its state, and the one that leads', async () => {
    const { page } = await open();
    await shows(page, '.actors-foot', '14 actors');
    expect(await texts(page, '.actors-group-title')).toEqual([
      'Coordinators',
      'Masters',
      'Agents',
      'Frameworks',
      'Tasks',
      'Attempts',
    ]);
    expect(await texts(page, '.actors-row.leads .actors-row-name')).toEqual([
      'coord-1',
      'master-1',
    ]);
    await shows(page, row('task.import-3fd0'), 'unreachable');
    expect(await has(page, `${row('task.nightly-report-9e44')}.is-ended`)).toBe(true);
  });

  test('a click draws the chart with the present state lit, and an event moves it', async () => {
    const { page, cluster, watches } = await open();
    await page.click(row('task.hello-7c1f'));
    await lit(page, 'task.hello-7c1f', ['active', 'active.running']);
    expect(await texts(page, '.panel-title')).toEqual(['hello-7c1f']);
    expect(watches.at(-1)).toEqual(['task.hello-7c1f']);
    cluster.send('task.hello-7c1f', 'ATTEMPT_FAILED');
    await lit(page, 'task.hello-7c1f', ['waiting', 'waiting.retrying']);
    await page.waitForSelector('.edge-run');
    expect(await attributes(page, '.edge.is-taken', 'data-edge')).toEqual([
      'active→waiting.retrying',
    ]);
    await shows(page, '.state-path .is-leaf', 'retrying');
    expect((await texts(page, '.log-event')).at(-1)).toBe('ATTEMPT_FAILED');
  });

  test('a leader dies and the next one rises, side by side', async () => {
    const { page, cluster } = await open();
    await page.click('[aria-label="Open the 3 Coordinators side by side"]');
    await lit(page, 'coordinator.coord-1', ['leading']);
    await lit(page, 'coordinator.coord-2', ['following']);
    expect(await texts(page, '.panel-title')).toEqual(['coord-1', 'coord-2', 'coord-3']);
    for (const _ of leaderDies(cluster, 'coord-1', 'coord-2'));
    await lit(page, 'coordinator.coord-2', ['leading']);
    await lit(page, 'coordinator.coord-1', ['following']);
    await shows(page, '.actors-row.leads .actors-row-name', 'coord-2');
  });

  test('goes back and forth in time, by event, by scrubbing and to the present', async () => {
    const { page, cluster } = await open({ hash: '#open=coordinator.coord-1,coordinator.coord-2' });
    await lit(page, 'coordinator.coord-1', ['leading']);
    for (const _ of leaderDies(cluster, 'coord-1', 'coord-2')) await pause(30);
    await lit(page, 'coordinator.coord-2', ['leading']);
    await page.keyboard.press('ArrowLeft');
    await lit(page, 'coordinator.coord-1', ['recovering']);
    await page.keyboard.press('[');
    await lit(page, 'coordinator.coord-2', ['preparing']);
    await shows(page, row('coordinator.coord-2'), 'preparing');
    await shows(page, '.details-head h3', 'PRE_VOTE_WON');
    cluster.send('coordinator.coord-3', 'LEADER_LOST');
    await pause(100);
    await shows(page, row('coordinator.coord-3'), 'following');
    await page.keyboard.press('ArrowRight');
    await lit(page, 'coordinator.coord-2', ['leading']);
    const strip = (await (await page.$('.strip'))!.boundingBox())!;
    await page.mouse.click(strip.x + strip.width * 0.5, strip.y + 20);
    await page.waitForSelector('.time-shown.is-past');
    await page.keyboard.press('Space');
    await page.waitForSelector('.live.is-live');
    await lit(page, 'coordinator.coord-2', ['leading']);
    await shows(page, row('coordinator.coord-3'), 'preVoting');
  });

  test('a click on an event shows its payload and goes to its moment', async () => {
    const { page, cluster } = await open({ hash: '#open=attempt.hello-7c1f.1' });
    await lit(page, 'attempt.hello-7c1f.1', ['running']);
    cluster.send('attempt.hello-7c1f.1', { type: 'KILL_ASKED', graceMs: 250 });
    await lit(page, 'attempt.hello-7c1f.1', ['terminating']);
    cluster.send('attempt.hello-7c1f.1', 'EXITED');
    await lit(page, 'attempt.hello-7c1f.1', ['ended']);
    await page.evaluate(`[...document.querySelectorAll('.log-row')].at(-2).click()`);
    await lit(page, 'attempt.hello-7c1f.1', ['terminating']);
    await shows(page, '.details-head h3', 'KILL_ASKED');
    const details = await texts(page, '.details-part');
    expect(details[0]).toMatch(/Payload\s*graceMs\s*250/);
    expect(details[1]).toContain('"hello.1"');
    await page.focus('.log-list');
    await page.keyboard.press('ArrowDown');
    await lit(page, 'attempt.hello-7c1f.1', ['ended']);
    await page.keyboard.press('ArrowUp');
    await lit(page, 'attempt.hello-7c1f.1', ['terminating']);
    await page.keyboard.press('Escape');
    await page.waitForSelector('.details', { hidden: true });
  });

  test('everything by keyboard alone', async () => {
    const { page } = await open();
    await shows(page, '.actors-foot', '14 actors');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await lit(page, 'coordinator.coord-2', ['following']);
    await page.keyboard.press('j');
    await page.keyboard.press('o');
    await lit(page, 'coordinator.coord-3', ['following']);
    expect(await texts(page, '.panel-title')).toEqual(['coord-2', 'coord-3']);
    await page.keyboard.press('/');
    await page.keyboard.type('task unreach');
    await shows(page, '.actors-foot', '1 of 14 actors');
    await page.keyboard.press('Enter');
    await lit(page, 'task.import-3fd0', ['active', 'active.unreachable']);
    await page.keyboard.press('Escape');
    await shows(page, '.actors-foot', '14 actors');
    await page.keyboard.press('Escape');
    await page.waitForSelector('.welcome');
    await page.keyboard.press('?');
    await page.waitForSelector('dialog[open]');
    expect(await texts(page, 'dialog kbd')).toContain('Space');
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { hidden: true });
  });

  test('the address keeps what is open', async () => {
    const { page, reload } = await open();
    await page.click(row('coordinator.coord-1'));
    await lit(page, 'coordinator.coord-1', ['leading']);
    await page.keyboard.down('Shift');
    await page.click(row('master.master-2'));
    await page.keyboard.up('Shift');
    await lit(page, 'master.master-2', ['contending']);
    await reload();
    await lit(page, 'coordinator.coord-1', ['leading']);
    await lit(page, 'master.master-2', ['contending']);
    await page.click('[aria-label="Close the chart of coordinator.coord-1"]');
    expect(await texts(page, '.panel-title')).toEqual(['master-2']);
  });

  test('parallel states, history, guards, delays and actions are drawn', async () => {
    const { page } = await open({
      hash: '#open=machine.everything',
      past: (cluster) => cluster.run('machine.everything', everythingMachine, 'SWITCH_ON', 'HEAT'),
    });
    await lit(page, 'machine.everything', [
      'on',
      'on.fan',
      'on.fan.slow',
      'on.heater',
      'on.heater.warm',
    ]);
    const written = (await texts(page, '.chart text')).map((text) => text.replace(/\s+/g, ' '));
    for (const text of [
      'after 500 ms [mayRetry]',
      'after patience',
      'always [mayRetry]',
      'H*',
      'AGAIN',
      'open',
      'COUNTED / count',
      'in any state',
    ])
      expect(written).toContain(text);
    expect(await attributes(page, '.state.is-region', 'data-path')).toEqual([
      'on.heater',
      'on.fan',
    ]);
  });

  test('the wheel zooms, dragging moves, and f shows all of it again', async () => {
    const { page } = await open({ hash: '#open=coordinator.coord-1' });
    await lit(page, 'coordinator.coord-1', ['leading']);
    // Before, the layout may still be followed by a better one for this room.
    await page.waitForSelector('.panel-body[data-settled="true"]');
    const transform = () => page.$eval('.chart > g', (layer) => layer.getAttribute('transform'));
    const fitted = await transform();
    const box = (await (await page.$('.chart'))!.boundingBox())!;
    await page.mouse.move(box.x + 200, box.y + 200);
    await page.mouse.wheel({ deltaY: -400 });
    await changed(transform, fitted);
    const zoomed = await transform();
    await page.mouse.down();
    await page.mouse.move(box.x + 260, box.y + 240, { steps: 3 });
    await page.mouse.up();
    await changed(transform, zoomed);
    await page.keyboard.press('f');
    await expect.poll(transform, { timeout: patienceMs }).toBe(fitted);
  });

  test('says plainly when the server, the cluster or events are lost, and comes back', async () => {
    const { page, server, cluster } = await open({ hash: '#open=master.master-1' });
    await lit(page, 'master.master-1', ['elected', 'elected.leading', 'elected.leading.serving']);
    server.send({ trouble: { message: 'NATS does not answer on 127.0.0.1:4222' } });
    await shows(page, '.notice.is-warn', 'The cluster cannot be heard. NATS does not answer');
    server.send({ trouble: null });
    await page.waitForSelector('.notice.is-warn', { hidden: true });
    server.send({ dropped: 1200 });
    await shows(page, '.notice.is-quiet', '1,200 events were left out');
    const before = (await texts(page, '.log-row')).length;
    server.drop();
    await page.waitForSelector('.connection.is-open');
    cluster.send('master.master-1', 'QUORUM_SILENT');
    await lit(page, 'master.master-1', ['elected', 'elected.leading', 'elected.leading.silenced']);
    // The past was told again, and is not there twice.
    expect((await texts(page, '.log-row')).length).toBe(before + 1);
  });

  test('that is refused says why, and tries again only when it is told to', async () => {
    const { page, server, watches } = await open();
    await page.waitForSelector('.connection.is-open');
    const before = watches.length;
    server.refuse('at most 64 actors can be watched');
    await shows(page, '.notice.is-bad', 'It says: at most 64 actors can be watched');
    expect(await texts(page, '.connection')).toEqual(['Refused']);
    expect(watches.length).toBe(before);
    await page.click('.notice.is-bad button');
    await page.waitForSelector('.connection.is-open');
    await page.waitForSelector('.notice.is-bad', { hidden: true });
    server.send({ trouble: { message: 'close some charts', isPartial: true } });
    await shows(page, '.notice.is-warn', 'Not all charts are followed. close some charts');
  });

  test('ten thousand tasks cost what is in sight', async () => {
    const { page } = await open({ past: (cluster) => manyTasks(cluster, 10_000) });
    await shows(page, '.actors-foot', '10,000 actors');
    expect((await texts(page, '.actors-row')).length).toBeLessThan(80);
    await page.keyboard.press('/');
    await page.keyboard.type('batch-09999');
    await shows(page, '.actors-foot', '1 of 10,000 actors');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-session="task.batch-09999"] .state.is-lit');
  });

  test.each([
    [1024, 640, 'dark'],
    [390, 780, 'light'],
  ] as const)('nothing sticks out at %d by %d', async (width, height, colors) => {
    const { page } = await open({
      hash: '#open=master.master-1,agent.agent-1',
      width,
      height,
      colors,
    });
    await lit(page, 'agent.agent-1', ['registered']);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    expect(await page.evaluate('document.documentElement.scrollHeight')).toBeLessThanOrEqual(
      height,
    );
  });
});

const row = (sessionId: string) => `[id="actor-${sessionId}"]`;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const has = async (page: Page, selector: string) => (await page.$(selector)) !== null;

function texts(page: Page, selector: string): Promise<string[]> {
  return page.$$eval(selector, (found) => found.map((each) => (each.textContent ?? '').trim()));
}

function attributes(page: Page, selector: string, name: string): Promise<(string | null)[]> {
  return page.$$eval(
    selector,
    (found, wanted) => found.map((each) => each.getAttribute(wanted)),
    name,
  );
}

async function shows(page: Page, selector: string, text: string): Promise<void> {
  await expect
    .poll(async () => (await texts(page, selector)).join('\n').replace(/\s+/g, ' '), {
      timeout: patienceMs,
    })
    .toContain(text);
}

/** Exactly these states of its chart, in the order of their names. */
async function lit(page: Page, sessionId: string, paths: readonly string[]): Promise<void> {
  const selector = `[data-session="${sessionId}"] .state.is-lit`;
  await expect
    .poll(async () => (await attributes(page, selector, 'data-path')).sort(), {
      timeout: patienceMs,
    })
    .toEqual(paths);
}

async function changed<T>(read: () => Promise<T>, before: T): Promise<void> {
  await expect.poll(read, { timeout: patienceMs }).not.toEqual(before);
}

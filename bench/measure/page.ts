/**
 * How long the page works for a frame, in headless Chromium: 200 actors, four charts open, while events stream. Counted
 * is the processor time of the page's main thread between two frames, so that other programs on the machine do not
 * count: scripts, styles, layout and paint together.
 */
import { launchBrowser } from '../../tests/support/browser.ts';
import { openPage } from '../../web/testing/page.ts';
import { manyAgents, smallCluster, traffic } from '../../web/testing/scenarios.ts';
import type { Figure } from '../report.ts';

const actors = 200;
const eventsPerSecond = 500;
const beatMs = 10;
const open = '#open=agent.agent-1,agent.agent-2,agent.agent-3,agent.agent-4';
const categories = [
  'disabled-by-default-devtools.timeline',
  'disabled-by-default-devtools.timeline.frame',
];

export async function measurePage(options: { rounds: number; seconds: number }): Promise<Figure[]> {
  const medians: number[] = [];
  const slowest: number[] = [];
  for (let round = 0; round < options.rounds; round++) {
    const frames = (await framesOf(options.seconds)).sort((one, other) => one - other);
    if (frames.length < options.seconds) throw new Error(`only ${frames.length} frames were drawn`);
    medians.push(frames[Math.floor(frames.length / 2)]!);
    slowest.push(frames[Math.floor(frames.length * 0.99)]!);
  }
  const goal = { atMost: 16 };
  const what = `page, ${actors} actors and ${eventsPerSecond} events/s: work for a frame`;
  return [
    { what: `${what}, median`, values: medians, unit: 'ms', goal },
    { what: `${what}, 99th percentile`, values: slowest, unit: 'ms', goal },
  ];
}

/** Milliseconds of each. */
async function framesOf(seconds: number): Promise<number[]> {
  const browser = await launchBrowser();
  const { page, cluster, close } = await openPage(browser, {
    hash: open,
    past: (fake) => {
      smallCluster(fake);
      manyAgents(fake, actors);
    },
  });
  const events = traffic(cluster, actors);
  let sent = 0;
  const startedAt = performance.now();
  const beat = setInterval(() => {
    const due = ((performance.now() - startedAt) / 1000) * eventsPerSecond;
    for (; sent < due; sent += 1) events.next();
  }, beatMs);
  try {
    await page.waitForSelector('.state.is-lit');
    // Charts are laid out, and the engine has met its hot paths.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await page.tracing.start({ categories });
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const trace = await page.tracing.stop();
    return readFrames(new TextDecoder().decode(trace));
  } finally {
    clearInterval(beat);
    await close();
    await browser.close();
  }
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  /** Microseconds of the thread's processor time. */
  readonly tdur?: number;
}

/** Whole tasks of the thread that draws the page, added up between its frames. */
function readFrames(trace: string): number[] {
  const { traceEvents } = JSON.parse(trace) as { traceEvents: readonly TraceEvent[] };
  const frames = traceEvents.filter(({ name }) => name === 'BeginMainThreadFrame');
  const { pid, tid } = frames[0] ?? { pid: -1, tid: -1 };
  const ofPage = traceEvents
    .filter((event) => event.pid === pid && event.tid === tid)
    .filter(({ name }) => name === 'RunTask' || name === 'BeginMainThreadFrame')
    .sort((one, other) => one.ts - other.ts);
  const workMs: number[] = [];
  let current: number | undefined;
  for (const { name, tdur } of ofPage)
    if (name === 'RunTask')
      current = current === undefined ? undefined : current + (tdur ?? 0) / 1000;
    else {
      if (current !== undefined) workMs.push(current);
      current = 0;
    }
  return workMs;
}

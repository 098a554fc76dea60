/** The loop of `mesozoo top`: look, draw, wait; keys, changes of size and the end come in between. */
import { type Context, interrupted, type Terminal } from '../context.ts';
import { exitCodeOfSignal, exitCodes } from '../exit-codes.ts';
import { frame, type Model } from './frame.ts';
import { RateKeeper } from './rates.ts';
import { readSample, type Sample, type TaskWish } from './sample.ts';
import { Screen } from './screen.ts';
import { pressed, type View } from './view.ts';

/** Follows the cluster from look to look. */
export class Watcher {
  private readonly context: Context;
  private readonly rates = new RateKeeper();
  private known: Sample | undefined;
  private silentSinceMs: number | undefined;
  private latest: Pick<Model, 'sample' | 'rates'> | undefined;

  constructor(context: Context) {
    this.context = context;
  }

  async look(wish: TaskWish): Promise<Sample> {
    const sample = await readSample(this.context.connection, wish);
    if (sample.state === undefined) this.silentSinceMs ??= sample.atMs;
    else {
      this.silentSinceMs = undefined;
      this.known = sample;
    }
    this.latest = { sample, rates: this.rates.add(sample) };
    return sample;
  }

  /** Undefined before the first look. */
  model(view: View): Model | undefined {
    if (this.latest === undefined) return undefined;
    const { cluster } = this.context.connection;
    return { ...this.latest, cluster, known: this.known, silentSinceMs: this.silentSinceMs, view };
  }
}

/** Until it is ended by a key or a signal; resolves with the exit code. */
export async function runLive(context: Context, terminal: Terminal, first: View): Promise<number> {
  const watcher = new Watcher(context);
  const screen = new Screen(context.stdout, terminal);
  const { clock } = context.connection.ports;
  let view = first;
  let wake: () => void = () => undefined;
  let ended: number | undefined;
  /** A key has asked for another look, maybe while one was under way. */
  let wanted = false;
  const end = (exitCode: number) => {
    ended ??= exitCode;
    wake();
  };
  const draw = () => {
    const model = watcher.model(view);
    if (model !== undefined) screen.draw(frame(model, terminal.size(), context.coloured));
  };
  const keys = terminal.onKey((key) => {
    const after = pressed(view, key);
    if (after === undefined) return end(exitCodes.ok);
    const looksAnew = (['tasks', 'taskOrder', 'paused'] as const).some(
      (each) => after[each] !== view[each],
    );
    view = after;
    draw();
    if (!looksAnew) return;
    wanted = true;
    wake();
  });
  const resizes = terminal.onResize(() => {
    screen.clear();
    draw();
  });
  void interrupted(context).then((signal) => end(exitCodeOfSignal(signal)));
  try {
    while (ended === undefined) {
      const startedMs = clock.monotonicMs();
      wanted = false;
      if (!view.paused) {
        const { tasks: choice, taskOrder: order } = view;
        await watcher.look({ choice, order, limit: terminal.size().rows });
        if (ended !== undefined) break;
        draw();
      }
      const restMs = view.intervalSeconds * 1000 - (clock.monotonicMs() - startedMs);
      await new Promise<void>((resolve) => {
        const timer = clock.after(Math.max(0, restMs), resolve);
        wake = () => {
          timer.cancel();
          resolve();
        };
        if (ended !== undefined || wanted) wake();
      });
    }
    return ended;
  } finally {
    keys.stop();
    resizes.stop();
    screen.close();
  }
}

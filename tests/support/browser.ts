/** A browser without a window, for what only a browser can show: one that the machine has, else Debian's Chromium. */
import { existsSync } from 'node:fs';
import puppeteer, { type Browser } from 'puppeteer-core';
import { asAdministrator, succeeds, which } from '../../cli/up/nats-server.ts';

const programs = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const macProgram = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

export function findBrowser(): string | undefined {
  for (const program of programs) {
    const path = which(program);
    if (path !== undefined) return path;
  }
  return existsSync(macProgram) ? macProgram : undefined;
}

/** Undefined where there is none and none can be had; in CI that is an error. */
export async function ensureBrowser(progress: (what: string) => void): Promise<string | undefined> {
  const present = findBrowser();
  if (present !== undefined) return present;
  const apt = which('apt-get');
  const administrator = apt === undefined ? undefined : asAdministrator();
  if (apt !== undefined && administrator !== undefined) {
    progress('Installing chromium (apt-get install chromium)');
    const install = () =>
      succeeds(...administrator(apt, ['install', '-y', '--no-install-recommends', 'chromium']));
    if (
      (await install()) ||
      ((await succeeds(...administrator(apt, ['update']))) && (await install()))
    )
      return findBrowser();
  }
  if (process.env.CI) throw new Error('CI is set, and there is no Chromium to test the page with.');
  return undefined;
}

/** Why tests in a browser are skipped here; undefined where they are not. In CI they never are. */
export const browserMissing =
  findBrowser() !== undefined || process.env.CI
    ? undefined
    : 'the tests of the page are skipped: no Chromium here, and no right to install it ("sudo apt-get install chromium")';

export async function launchBrowser(): Promise<Browser> {
  const executablePath = findBrowser();
  if (executablePath === undefined) throw new Error('There is no Chromium on this machine.');
  return puppeteer.launch({
    executablePath,
    // Without a sandbox, since containers forbid it; everything that is opened comes from this machine.
    args: [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

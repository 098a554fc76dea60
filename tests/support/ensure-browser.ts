/** For scripts: makes sure of a browser and says which, or in one line why the tests that need one are skipped. */
import { browserMissing, ensureBrowser } from './browser.ts';

try {
  const path = await ensureBrowser((what) => console.log(`${what} …`));
  console.log(path ?? browserMissing);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

/**
 * The page's files, as a browser takes them. There is no bundler: modules of `web/` are TypeScript, whose types are
 * blanked out; a few files of libraries come from node_modules, each by name, under `/lib/`. Nothing else is served.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface ServedFile {
  readonly body: Buffer;
  readonly type: string;
  /** Changes with the content. */
  readonly tag: string;
  /** Of an HTML page: what its inline scripts are known by to the Content-Security-Policy. */
  readonly scriptHashes: readonly string[];
}

const webFolder = fileURLToPath(new URL('../', import.meta.url));
const modulesFolder = fileURLToPath(new URL('../../node_modules/', import.meta.url));

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ts': 'text/javascript; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
};

/** All that the page may load of node_modules; each runs without the internet. */
export const libraryFiles: ReadonlySet<string> = new Set([
  'preact/dist/preact.mjs',
  'preact/hooks/dist/hooks.mjs',
  'htm/dist/htm.mjs',
  '@preact/signals/dist/signals.mjs',
  '@preact/signals-core/dist/signals-core.mjs',
  'elkjs/lib/elk-api.js',
  'elkjs/lib/elk-worker.min.js',
  'elkjs/lib/elk.bundled.js',
]);

/** Lower-case names in folders of such names; not the server's own folder, nor tests and their helpers. */
const OWN_FILE =
  /^(?!(?:server|testing|tools)\/)(?:[a-z][a-z0-9-]*\/)*[a-z][a-z0-9-]*\.(?:ts|css|svg)$/;

export class PageFiles {
  private readonly folder: string;
  private readonly kept = new Map<string, { readonly stamp: string; readonly file: ServedFile }>();

  /** Tests serve a page of their own. */
  constructor(folder = webFolder) {
    this.folder = folder;
  }

  /** Undefined for what is not served or not there. Read anew when the file has changed. */
  async read(path: string): Promise<ServedFile | undefined> {
    const place = this.placeOf(path);
    if (place === undefined) return undefined;
    const stamp = await stampOf(place);
    if (stamp === undefined) return undefined;
    const kept = this.kept.get(place);
    if (kept?.stamp === stamp) return kept.file;
    const file = served(await readFile(place), extname(place));
    this.kept.set(place, { stamp, file });
    return file;
  }

  private placeOf(path: string): string | undefined {
    if (path === '/') return join(this.folder, 'index.html');
    if (path.startsWith('/lib/')) {
      const name = path.slice('/lib/'.length);
      return libraryFiles.has(name) ? join(modulesFolder, name) : undefined;
    }
    return OWN_FILE.test(path.slice(1)) ? join(this.folder, path.slice(1)) : undefined;
  }
}

async function stampOf(place: string): Promise<string | undefined> {
  try {
    const found = await stat(place);
    return found.isFile() ? `${found.mtimeMs} ${found.size}` : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function served(content: Buffer, extension: string): ServedFile {
  const body = extension === '.ts' ? Buffer.from(withoutTypes(content.toString('utf8'))) : content;
  return {
    body,
    type: types[extension]!,
    tag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`,
    scriptHashes: extension === '.html' ? hashesOfScripts(body.toString('utf8')) : [],
  };
}

function hashesOfScripts(html: string): string[] {
  return [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(
    ([, script]) => `'sha256-${createHash('sha256').update(script!).digest('base64')}'`,
  );
}

let warned = false;
function withoutTypes(code: string): string {
  if (warned) return stripTypeScriptTypes(code);
  // Node tells at the first call that this may still change. It is what runs this very file, too.
  warned = true;
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return stripTypeScriptTypes(code);
  } finally {
    process.emitWarning = emitWarning;
  }
}

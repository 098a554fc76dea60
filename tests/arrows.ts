/**
 * The rules of who may import what, and which globals stay out of where: each rule reads one file's text and names
 * the lines that break it. `arrows.test.ts` runs them over the tree.
 */
import { plantedBugNames } from './planted-names.ts';

export interface SourceFile {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
}

export interface Breach {
  readonly path: string;
  readonly line: number;
  readonly what: string;
}

interface Import {
  readonly target: string;
  readonly line: number;
}

type Rule = (file: SourceFile) => readonly Breach[];

/** Tests, their helpers and the tools that write documents may reach for whatever they need. */
export function isTestOrTool(path: string): boolean {
  return (
    /\.test\.ts$/.test(path) || /(^|\/)(testing|tools)\//.test(path) || path.startsWith('tests/')
  );
}

const isMain = (path: string) => /^actors\/[a-z]+\/main\.ts$/.test(path);
const isPromises = (path: string) =>
  [
    'actors/coord/client/promises.ts',
    'actors/coord/client/recipes/promises.ts',
    'actors/framework/sdk/promises.ts',
  ].includes(path);
const isServerOfWeb = (path: string) => path.startsWith('web/server/');
const isPureOfWeb = (path: string) => /^web\/(model|chart)\//.test(path);
const folderOf = (path: string) => path.split('/')[0];

// ── Imports ─────────────────────────────────────────────────────────────────────────────────────────────────

const importRules: readonly {
  readonly says: string;
  readonly allows: (from: string, to: string) => boolean;
}[] = [
  {
    says: 'machines import only xstate',
    allows: (from, to) => folderOf(from) !== 'machines' || to === 'xstate',
  },
  {
    says: 'protocol imports only protocol, zod and msgpackr',
    allows: (from, to) =>
      folderOf(from) !== 'protocol' ||
      to.startsWith('protocol/') ||
      to === 'zod' ||
      to === 'msgpackr',
  },
  {
    says: 'actors import only actors, machines, protocol, xstate, zod, node:crypto and node:zlib',
    allows: (from, to) =>
      folderOf(from) !== 'actors' ||
      isMain(from) ||
      ['actors/', 'machines/', 'protocol/'].some((folder) => to.startsWith(folder)) ||
      ['xstate', 'zod', 'node:crypto', 'node:zlib'].includes(to),
  },
  {
    says: 'actor folders meet only in protocol/ and actors/coord/client',
    allows: (from, to) => {
      const source = /^actors\/([a-z]+)\//.exec(from)?.[1];
      const target = /^actors\/([a-z]+)\//.exec(to)?.[1];
      return (
        isMain(from) ||
        source === undefined ||
        target === undefined ||
        source === target ||
        to.startsWith('actors/coord/client/')
      );
    },
  },
  {
    says: 'runtime imports nothing of simulation, cli and tests',
    allows: (from, to) => folderOf(from) !== 'runtime' || !/^(simulation|cli|tests)\//.test(to),
  },
  {
    says: 'simulation never imports runtime, nor does it talk to a real NATS',
    allows: (from, to) =>
      folderOf(from) !== 'simulation' || (!to.startsWith('runtime/') && to !== 'nats'),
  },
  {
    says: 'nobody but simulation and tests imports simulation',
    allows: (from, to) =>
      !to.startsWith('simulation/') || ['simulation', 'tests', 'bench'].includes(folderOf(from)!),
  },
  {
    says: 'web runs in a browser and imports only web, protocol, preact, htm, elkjs and @preact/signals',
    allows: (from, to) =>
      folderOf(from) !== 'web' ||
      isServerOfWeb(from) ||
      ['web/', 'protocol/', 'elkjs/'].some((folder) => to.startsWith(folder)) ||
      ['preact', 'preact/hooks', 'htm', '@preact/signals'].includes(to),
  },
  {
    says: 'what web knows and draws (model, chart) imports nothing of what shows it',
    allows: (from, to) =>
      !isPureOfWeb(from) ||
      isPureOfWeb(to) ||
      to.startsWith('protocol/') ||
      to.startsWith('elkjs/'),
  },
  {
    says: 'nobody imports web but its server: it is served',
    allows: (from, to) =>
      !to.startsWith('web/') ||
      (folderOf(from) === 'web' && (!isServerOfWeb(to) || isServerOfWeb(from))) ||
      (folderOf(from) === 'cli' && isServerOfWeb(to)) ||
      ['tests', 'bench'].includes(folderOf(from)!),
  },
];

export const checkImports: Rule = (file) => {
  if (isTestOrTool(file.path)) return [];
  return importsOf(file).flatMap(({ target, line }) =>
    importRules
      .filter((rule) => !rule.allows(file.path, target))
      .map((rule) => ({ path: file.path, line, what: `imports ${target}: ${rule.says}` })),
  );
};

/** Relative targets are resolved to paths from the root. */
export function importsOf(file: SourceFile): readonly Import[] {
  const code = withoutComments(file.text);
  const found: Import[] = [];
  const pattern =
    /(?:^|[;\n])\s*(?:import|export)\b[^;'"]*?from\s*['"]([^'"]+)['"]|(?:^|[;\n])\s*import\s*['"]([^'"]+)['"]|\bimport\s*\(\s*['"]([^'"]+)['"]/g;
  for (const match of code.matchAll(pattern)) {
    const target = match[1] ?? match[2] ?? match[3] ?? '';
    found.push({
      target: target.startsWith('.') ? resolve(file.path, target) : target,
      line: lineAt(code, match.index + match[0].length),
    });
  }
  return found;
}

// ── Globals ─────────────────────────────────────────────────────────────────────────────────────────────────

const bannedGlobals: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['Date', /(?<![\w.$])Date\s*[.(]|new\s+Date\b/g],
  ['Math.random', /\bMath\s*\.\s*random\b/g],
  ['performance', /(?<![\w.$])performance\s*\./g],
  ['setTimeout', /(?<![\w.$])setTimeout\s*\((?!\w+\??:)/g],
  ['setInterval', /(?<![\w.$])setInterval\s*\(/g],
  ['setImmediate', /(?<![\w.$])setImmediate\s*\(/g],
  ['queueMicrotask', /(?<![\w.$])queueMicrotask\s*\(/g],
  ['process', /(?<![\w.$])process\s*\.\s*(?:env|nextTick|hrtime|exit|pid|on)\b/g],
  ['crypto.random', /\brandom(?:Bytes|UUID|Int|FillSync)\s*\(|\bgetRandomValues\s*\(/g],
  ['async', /(?<![\w.$])async\s+(?:function\b|\(|\w+\s*=>|\w+\s*\()|(?<![\w.$])async\s*\(/g],
  ['await', /(?<![\w.$])await\s/g],
  ['Promise', /(?<![\w.$])Promise\s*[.<(]/g],
];

export const checkGlobals: Rule = (file) => {
  if (
    !['machines', 'protocol', 'actors'].includes(folderOf(file.path)!) ||
    isTestOrTool(file.path) ||
    isMain(file.path) ||
    isPromises(file.path)
  )
    return [];
  return search(
    file,
    withoutComments(withoutStrings(file.text)),
    bannedGlobals.map(([name, pattern]) => [`uses ${name}`, pattern]),
  );
};

/** In a simulated world only the command line itself may look at the real clock. */
export const checkSimulationGlobals: Rule = (file) => {
  if (folderOf(file.path) !== 'simulation' || isTestOrTool(file.path)) return [];
  if (/^simulation\/(main|campaign|worker)\.ts$/.test(file.path)) return [];
  return search(
    file,
    withoutComments(withoutStrings(file.text)),
    bannedGlobals.map(([name, pattern]) => [`uses ${name}`, pattern]),
  );
};

/** The parts of the page without a browser are tested without one. */
export const checkBrowserGlobals: Rule = (file) => {
  if (!isPureOfWeb(file.path) || isTestOrTool(file.path)) return [];
  return search(file, withoutComments(withoutStrings(file.text)), [
    [
      'uses the browser',
      /(?<![\w.$])(?:document|window|location|localStorage|navigator|requestAnimationFrame)\s*[.(]/g,
    ],
  ]);
};

// ── Planted bugs and subjects ───────────────────────────────────────────────────────────────────────────────

export const checkPlanted: Rule = (file) => {
  const folder = folderOf(file.path)!;
  if (folder === 'simulation' || isTestOrTool(file.path)) return [];
  const code = withoutComments(file.text);
  if (folder === 'actors')
    return isMain(file.path) ? search(file, code, [['passes planted bugs', /\bplanted\b/gi]]) : [];
  const names = plantedBugNames().map(
    (name) => [`names the planted bug ${name}`, new RegExp(`['"\`]${name}['"\`]`, 'g')] as const,
  );
  const passes = ['runtime', 'cli', 'machines', 'protocol'].includes(folder)
    ? ([['passes planted bugs', /\bplanted\b/gi]] as const)
    : [];
  return search(file, code, [...names, ...passes]);
};

const subjectWords = 'task|znode|session|cluster|metrics|quorum|master|agent|framework|inspect';

export const checkSubjects: Rule = (file) => {
  const folder = folderOf(file.path)!;
  if (!['machines', 'protocol', 'actors', 'runtime', 'simulation'].includes(folder)) return [];
  if (file.path === 'protocol/subjects.ts' || isTestOrTool(file.path)) return [];
  return search(file, withoutComments(file.text), [
    [
      'has a subject of its own: protocol/subjects.ts builds them',
      new RegExp(`['"\`](?:mz|\\$\\{[^}]*cluster[^}]*\\})\\.(?:${subjectWords})\\b`, 'g'),
    ],
  ]);
};

export const allRules: readonly Rule[] = [
  checkImports,
  checkGlobals,
  checkSimulationGlobals,
  checkBrowserGlobals,
  checkPlanted,
  checkSubjects,
];

// ── Reading text ────────────────────────────────────────────────────────────────────────────────────────────

function search(
  file: SourceFile,
  code: string,
  patterns: readonly (readonly [what: string, pattern: RegExp])[],
): Breach[] {
  return patterns.flatMap(([what, pattern]) =>
    [...code.matchAll(pattern)].map((match) => ({
      path: file.path,
      line: lineAt(code, match.index),
      what,
    })),
  );
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

const blank = (text: string) => text.replace(/[^\n]/g, ' ');

/** Comments become spaces, lines stay where they are; what looks like one inside a string is left alone. */
export function withoutComments(text: string): string {
  return text.replace(
    /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`|\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*/g,
    (match) => (match.startsWith('/') ? blank(match) : match),
  );
}

/** Plain strings become spaces; templates keep what they compute only when they compute nothing that matters here. */
export function withoutStrings(text: string): string {
  return withoutComments(text).replace(
    /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\$]|\\[\s\S])*`/g,
    blank,
  );
}

function resolve(from: string, target: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** The text that a member sends for a four-letter word, before it closes the connection. */
import { configurationLines, environmentLines } from './configuration.ts';
import { connectionLine, sessionsDump } from './connections.ts';
import { fullVersion, monitorValues, shownValue, summaryValues } from './monitor.ts';
import type { FourLetterWord } from './names.ts';
import { average, groupBy, hex, NOT_SERVING, type ServerReport } from './report.ts';

/**
 * `crst` and `srst` only tell of the reset: the gateway carries it out. Words that are not whitelisted are refused by
 * `answerWord` and nothing happens.
 */
export function answerWord(
  word: FourLetterWord,
  whitelist: readonly FourLetterWord[],
  report: ServerReport,
): string {
  if (!whitelist.includes(word))
    return `${word} is not executed because it is not in the whitelist.`;
  if (!report.isServing && !withoutQuorum.has(word))
    return word === 'isro' ? 'null' : `${NOT_SERVING}\n`;
  return answers[word](report);
}

/** They say something about the process, whatever the quorum does. */
const withoutQuorum: ReadonlySet<FourLetterWord> = new Set(['ruok', 'envi', 'gtmk', 'stmk']);

const answers: Readonly<Record<FourLetterWord, (report: ServerReport) => string>> = {
  ruok: () => 'imok',
  srvr: (report) => `${greeting(report)}${statistics(report)}`,
  stat: (report) =>
    `${greeting(report)}Clients:\n${connections(report, false)}\n${statistics(report)}`,
  envi: environmentLines,
  mntr: (report) =>
    lines(
      [...monitorValues(report), ...summaryValues(report)].map(
        (value) => `zk_${value.name}\t${shownValue(value)}`,
      ),
    ),
  conf: configurationLines,
  cons: (report) => `${connections(report, true)}\n`,
  crst: () => 'Connection stats reset.\n',
  srst: () => 'Server stats reset.\n',
  dirs: ({ dataBytes, logBytes }) => `datadir_size: ${dataBytes}\nlogdir_size: ${logBytes}\n`,
  dump: sessionsDump,
  wchs: ({ watches }) => {
    const sessions = new Set(watches.map(({ sessionId }) => sessionId)).size;
    const paths = new Set(watches.map(({ path }) => path)).size;
    return `${sessions} connections watching ${paths} paths\nTotal watches:${watches.length}\n`;
  },
  wchc: ({ watches }) =>
    groups(
      groupBy(
        watches,
        ({ sessionId }) => hex(sessionId),
        ({ path }) => path,
      ),
    ),
  wchp: ({ watches }) =>
    groups(
      groupBy(
        watches,
        ({ path }) => path,
        ({ sessionId }) => hex(sessionId),
      ),
    ),
  isro: ({ mode }) => (mode === 'read-only' ? 'ro' : 'rw'),
  gtmk: ({ traceMask }) => String(traceMask),
  stmk: ({ traceMask }) => String(traceMask),
  hash: ({ digests }) =>
    lines(digests.map(({ zxid, digest }) => `${hex(zxid)}: ${BigInt.asIntN(64, digest)}`)),
};

/** Who waits for a server to be up looks for the first line, and for the want of the second. */
function greeting(report: ServerReport): string {
  const version = `Zookeeper version: ${fullVersion(report)}\n`;
  return report.mode === 'read-only'
    ? `${version}READ-ONLY mode; serving only read-only clients\n`
    : version;
}

function statistics(report: ServerReport): string {
  const { min, avg, max } = report.latencyMs;
  const { last, min: least, max: most } = report.proposalBytes;
  return lines([
    `Latency min/avg/max: ${min}/${average(avg)}/${max}`,
    `Received: ${report.received}`,
    `Sent: ${report.sent}`,
    `Connections: ${report.connections.length}`,
    `Outstanding: ${report.outstanding}`,
    `Zxid: ${hex(report.zxid)}`,
    `Mode: ${report.mode}`,
    `Node count: ${report.nodeCount}`,
    ...(report.mode === 'leader' ? [`Proposal sizes last/min/max: ${last}/${least}/${most}`] : []),
  ]);
}

function connections(report: ServerReport, isFull: boolean): string {
  return lines(report.connections.map((connection) => connectionLine(connection, isFull)));
}

function groups(grouped: readonly { key: string; values: readonly string[] }[]): string {
  const parts = grouped.flatMap(({ key, values }) => [key, ...values.map((value) => `\t${value}`)]);
  return `${lines(parts)}\n`;
}

const lines = (all: readonly string[]) => all.map((line) => `${line}\n`).join('');

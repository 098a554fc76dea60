/**
 * What was acknowledged is there at the end, what was definitely refused is not, and a multi is there whole or not at
 * all. Versions tell the order of the writes to one node, so a lost update shows as two answers with one version.
 */

import type { Violations } from '../violations.ts';
import type { FinalTree, History, HistoryEntry } from '../workload/history.ts';
import { workloadPaths } from '../workload/znode-client.ts';

const CHECKER = 'acknowledged-writes-present';

export function checkAcknowledgedWrites(
  history: History,
  final: FinalTree,
  violations: Violations,
): void {
  const report = (text: string) => violations.report(CHECKER, text);
  checkSequential(history, final, report);
  checkSets(history, final, report);
  checkRefused(history, final, report);
  checkPair(final, report);
}

type Report = (text: string) => void;

function checkSequential(history: History, final: FinalTree, report: Report): void {
  const deleted = new Map<string, HistoryEntry>();
  for (const entry of history.entries)
    if (entry.operation === 'delete') deleted.set(entry.path, entry);
  const present = new Map<string, string>();
  for (const [path, node] of final.nodes) {
    if (!path.startsWith(`${workloadPaths.queue}/`)) continue;
    const twin = present.get(node.data);
    if (twin !== undefined) report(`one create made two nodes: ${twin} and ${path} (${node.data})`);
    present.set(node.data, path);
  }
  const named = new Map<string, string>();
  for (const entry of history.entries) {
    if (entry.operation !== 'create' || entry.createdPath === undefined) continue;
    if (entry.written === undefined) continue;
    const namesake = named.get(entry.createdPath);
    if (namesake !== undefined)
      report(`${entry.createdPath} was given to ${namesake} and to ${entry.written}`);
    named.set(entry.createdPath, entry.written);
    const removal = deleted.get(entry.createdPath);
    const there = final.nodes.get(entry.createdPath);
    if (removal === undefined && there === undefined)
      report(`${entry.createdPath} (${entry.written}) was acknowledged and is gone`);
    if (removal?.outcome === 'ok' && there !== undefined)
      report(`${entry.createdPath} was acknowledged as deleted and is there`);
    if (there !== undefined && there.data !== entry.written)
      report(`${entry.createdPath} has ${there.data}, written was ${entry.written}`);
  }
}

function checkSets(history: History, final: FinalTree, report: Report): void {
  const byVersion = new Map<string, string>();
  for (const entry of history.entries) {
    if ((entry.operation !== 'set' && entry.operation !== 'multi') || entry.outcome !== 'ok')
      continue;
    const { path, version, written } = entry;
    if (version === undefined || written === undefined) continue;
    const key = `${path} ${version}`;
    const other = byVersion.get(key);
    if (other !== undefined)
      report(`version ${version} of ${path} was acknowledged for ${other} and for ${written}`);
    byVersion.set(key, written);
    const node = final.nodes.get(path);
    if (node === undefined) report(`${path} is gone, ${written} was acknowledged`);
    else if (node.version < version)
      report(`${path} ends with version ${node.version}, but ${version} was acknowledged`);
    else if (node.version === version && node.data !== written)
      report(`${path} has ${node.data} in version ${version}, acknowledged was ${written}`);
  }
  for (const entry of history.entries) {
    if (entry.operation !== 'get' || entry.outcome !== 'ok') continue;
    const written = byVersion.get(`${entry.path} ${entry.version}`);
    if (written !== undefined && entry.read !== written)
      report(
        `${entry.path} version ${entry.version} was read as ${entry.read}, written was ${written}`,
      );
  }
}

function checkRefused(history: History, final: FinalTree, report: Report): void {
  const refused = new Set<string>();
  for (const entry of history.entries)
    if (entry.outcome === 'failed' && entry.written !== undefined && !isOwn(entry.path))
      refused.add(entry.written);
  const note = (path: string, data: string) => {
    if (refused.has(data)) report(`${path} has ${data}, which was refused with a definite error`);
  };
  for (const [path, node] of final.nodes) note(path, node.data);
  for (const entry of history.entries)
    if (entry.operation === 'get' && entry.read !== undefined) note(entry.path, entry.read);
}

function checkPair(final: FinalTree, report: Report): void {
  const [a, b] = workloadPaths.pair.map((path) => final.nodes.get(path));
  if (a !== undefined && b !== undefined && (a.data !== b.data || a.version !== b.version))
    report(`a multi was applied in part: ${JSON.stringify(a)} and ${JSON.stringify(b)}`);
}

/** Own nodes hold plain counters, which are not unique. */
function isOwn(path: string): boolean {
  return path.startsWith(workloadPaths.own(''));
}

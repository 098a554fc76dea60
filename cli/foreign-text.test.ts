import { expect, test } from 'vitest';
import { eventLine } from './commands/events.ts';
import { explanation } from './commands/explain.ts';
import { foreignText } from './foreign-text.ts';
import { jobPrinter } from './job-run.ts';
import { pairs, table } from './table.ts';
import { cell } from './top/text.ts';

const esc = '\u001b';

test.each([
  ['plain é 漢 🦕', 'plain é 漢 🦕'],
  [`${esc}[2Jgone`, '\ufffd[2Jgone'],
  ['\u009b31mred\u007f\u0000', '\ufffd31mred\ufffd\ufffd'],
  ['two\nlines\tand\rmore', 'two lines and more'],
  ['a\u202egnp.exe\u2066', 'a\ufffdgnp.exe\ufffd'],
])('%j may stand in a line as %j', (text, shown) => {
  expect(foreignText(text)).toBe(shown);
  expect([...shown]).toHaveLength([...text].length);
});

test('tables and lines let no escape sequence through, and keep their own colours', () => {
  const evil = `${esc}]0;owned\u0007\n${esc}[2Jx`;
  const shown = '\ufffd]0;owned\ufffd \ufffd[2Jx';
  const name = { title: 'NAME', value: () => evil };
  const state = { title: 'S', value: () => 'ok', paint: (text: string) => `<${text}>` };
  const width = shown.length;
  expect(table([name, state], [{}])).toBe(`${'NAME'.padEnd(width)}  S\n${shown}  <ok>\n`);
  expect(pairs([['a', evil]])).toBe(`a  ${shown}\n`);
  expect(cell(evil, width + 1)).toBe(`${shown} `);

  const task = { taskId: 't', name: 'n', state: 'TASK_FAILED' } as const;
  expect(eventLine({ ...task, atMs: 0, message: evil }, false)).toBe(
    `00:00:00.000  n  t  TASK_FAILED  ${shown}`,
  );
  expect(explanation('n', { ...task, why: evil }, false)).toBe(`n t TASK_FAILED\n${shown}\n`);

  const lines: string[] = [];
  const same = (text: string) => text;
  const printer = jobPrinter(
    { name: 'j', tasks: [{ name: 'n' }] } as never,
    (line) => lines.push(line),
    {
      state: same,
      dim: same,
    },
  );
  printer.changed({ ...task, message: evil });
  // What a task writes is its own affair.
  printer.line({ name: 'n', taskId: 't' } as never, 'stdout', `${esc}[1mbold`);
  expect(lines).toEqual([`n  TASK_FAILED ${shown}`, `n  │ ${esc}[1mbold`]);
});

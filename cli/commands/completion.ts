/** `mesozoo completion SHELL`, and `__complete`, which its scripts call at each TAB. */
import { Argument, type Command } from 'commander';
import { completionScripts, type Shell, shells } from '../completion/scripts.ts';
import { escapedForShell, shellWords } from '../completion/shell-words.ts';
import { type Found, sources } from '../completion/sources.ts';
import { type Candidate, type Wanted, wantedAt } from '../completion/wanted.ts';
import { resolveAddress } from '../config/address.ts';
import type { Connection } from '../connection.ts';
import type { Surroundings } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import type { CommandParts } from '../run-command.ts';

/** Whoever presses a key waits for it. */
const CONNECT_MS = 700;

export function addCompletion(program: Command, parts: CommandParts): void {
  const { surroundings } = parts;
  program
    .command('completion')
    .description('print what your shell needs to complete commands, tasks, znodes with TAB')
    .addArgument(new Argument('<shell>').choices(shells))
    .addHelpText(
      'after',
      `
Tasks, queues, agents and paths come from the cluster in use; where none answers, nothing is offered.

Examples:
  mesozoo completion bash > ~/.local/share/bash-completion/completions/mesozoo
  mesozoo completion zsh > "\${fpath[1]}/_mesozoo"
  mesozoo completion fish > ~/.config/fish/completions/mesozoo.fish`,
    )
    .action((shell: Shell) => {
      surroundings.stdout.write(completionScripts[shell]);
      parts.ended(exitCodes.ok);
    });
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .option('--line <line>')
    .action(async (given: readonly string[], { line }: { line?: string }) => {
      const words = line === undefined ? given : shellWords(line);
      const answer = await complete(program, words.slice(1), surroundings);
      surroundings.stdout.write(
        linesOf(answer, line === undefined ? (word) => word : escapedForShell),
      );
      parts.ended(exitCodes.ok);
    });
}

type Answer = { readonly directive: string; readonly candidates: readonly Candidate[] };

/** Throws where a cluster is needed and none answers: the scripts leave that unsaid. */
async function complete(
  program: Command,
  words: readonly string[],
  surroundings: Surroundings,
): Promise<Answer> {
  const wanted = wantedAt(program, words);
  const source = wanted.placeholder === undefined ? undefined : sources[wanted.placeholder];
  if (typeof source === 'string' && wanted.fixed.length === 0) {
    // What a program is given is most often a file.
    const isProgram = source === 'commands' && wanted.position === 0;
    return { directive: source === 'commands' && !isProgram ? 'files' : source, candidates: [] };
  }
  const found = await valuesOf(wanted, surroundings);
  const values = found.candidates
    .filter(({ value }) => value.startsWith(wanted.prefix))
    .map((candidate) => ({ ...candidate, value: wanted.before + candidate.value }));
  return {
    directive: found.isOpen === true && wanted.fixed.length === 0 ? 'words-open' : 'words',
    candidates: [...wanted.fixed, ...values],
  };
}

async function valuesOf(wanted: Wanted, surroundings: Surroundings): Promise<Found> {
  if (wanted.choices !== undefined)
    return { candidates: wanted.choices.map((value) => ({ value })) };
  const source = wanted.placeholder === undefined ? undefined : sources[wanted.placeholder];
  if (typeof source !== 'function') return { candidates: [] };
  const { env } = surroundings;
  let connection: Connection | undefined;
  const connect = async () => {
    const { address } = resolveAddress(wanted.address, env);
    connection = await surroundings.connect(address, undefined, { timeoutMs: CONNECT_MS });
    return connection;
  };
  try {
    return await source({ wanted, env, connect });
  } finally {
    await connection?.close();
  }
}

/** A line for each: the directive, then value, tab, description. */
function linesOf({ directive, candidates }: Answer, escaped: (word: string) => string): string {
  const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ');
  const lines = candidates.map(({ value, description = '' }) =>
    description === '' ? escaped(value) : `${escaped(value)}\t${oneLine(description)}`,
  );
  return `${[directive, ...lines].join('\n')}\n`;
}

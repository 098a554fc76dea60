/** From what is typed to what may come next: read from the program's own definition, so that it never falls behind. */
import type { Argument, Command, Option } from 'commander';
import type { GivenAddress } from '../config/address.ts';

export interface Candidate {
  readonly value: string;
  readonly description?: string | undefined;
}

export interface Wanted {
  /** Names of commands and options that begin as the word does. */
  readonly fixed: readonly Candidate[];
  /** What is asked for by name in the usage, `task` for `<task>`. */
  readonly placeholder?: string;
  readonly choices?: readonly string[];
  /** Of the word: what stands before the value, `--state=running,`. */
  readonly before: string;
  /** Of the value: what is typed of it. */
  readonly prefix: string;
  readonly command: Command;
  /** Arguments before the word. */
  readonly position: number;
  /** What was typed of the cluster's address. */
  readonly address: GivenAddress;
  readonly auth?: string;
}

/** `words` without the program's name; the last is being typed, and may be empty. */
export function wantedAt(program: Command, words: readonly string[]): Wanted {
  const typed = words.at(-1) ?? '';
  const line = readLine(program, words.slice(0, -1));
  const { command, pending, optionsEnded, values } = line;
  const common = {
    command,
    position: line.positionals,
    address: {
      nats: values.nats,
      cluster: values.cluster,
      context: values.context,
      config: values.config,
    },
    ...(values.auth !== undefined && { auth: values.auth }),
  };
  if (pending !== undefined) return { ...common, fixed: [], ...wantedValue(pending, '', typed) };
  const equals = /^(--[^=]+=)(.*)$/s.exec(typed);
  if (equals !== null && !optionsEnded) {
    const option = optionOf(command, equals[1]!.slice(0, -1));
    if (option === undefined) return { ...common, fixed: [], before: '', prefix: typed };
    return { ...common, fixed: [], ...wantedValue(option, equals[1]!, equals[2]!) };
  }
  if (typed.startsWith('-') && !optionsEnded) {
    const fixed = optionCandidates(command).filter(({ value }) => value.startsWith(typed));
    return { ...common, fixed, before: '', prefix: typed };
  }
  const fixed =
    line.positionals > 0
      ? []
      : visibleCommands(command)
          .map((each) => ({ value: each.name(), description: each.description() }))
          .filter(({ value }) => value.startsWith(typed));
  const argument = argumentAt(command, line.positionals);
  return {
    ...common,
    fixed,
    before: '',
    prefix: typed,
    ...(argument !== undefined && {
      placeholder: argument.name(),
      ...(argument.argChoices !== undefined && { choices: argument.argChoices }),
    }),
  };
}

interface LineRead {
  readonly command: Command;
  /** An option whose value comes next. */
  readonly pending: Option | undefined;
  readonly optionsEnded: boolean;
  readonly positionals: number;
  readonly values: Readonly<Record<string, string>>;
}

function readLine(program: Command, words: readonly string[]): LineRead {
  let command = program;
  let pending: Option | undefined;
  let optionsEnded = false;
  let positionals = 0;
  const values: Record<string, string> = {};
  for (const word of words) {
    if (pending !== undefined) {
      values[pending.attributeName()] = word;
      pending = undefined;
    } else if (optionsEnded) positionals += 1;
    else if (word === '--') optionsEnded = true;
    else if (word.startsWith('-') && word !== '-') {
      const [flag = '', ...value] = word.split('=');
      const option = optionOf(command, flag);
      if (option === undefined || !takesValue(option)) continue;
      if (value.length > 0) values[option.attributeName()] = value.join('=');
      else pending = option;
    } else {
      const below = positionals === 0 ? visibleCommands(command).find(isNamed(word)) : undefined;
      if (below !== undefined) command = below;
      else positionals += 1;
      // Everything after the program that is to be run is the program's own.
      if (argumentAt(command, 0)?.name() === 'command' && positionals > 0) optionsEnded = true;
    }
  }
  return { command, pending, optionsEnded, positionals, values };
}

function isNamed(word: string): (command: Command) => boolean {
  return (command) => command.name() === word || command.aliases().includes(word);
}

export function visibleCommands(command: Command): Command[] {
  return command.createHelp().visibleCommands(command);
}

function argumentAt(command: Command, index: number): Argument | undefined {
  const all = command.registeredArguments;
  const last = all.at(-1);
  return all[index] ?? (last?.variadic === true ? last : undefined);
}

/** `-abc` is several flags, of which the last may take a value. */
function optionOf(command: Command, flag: string): Option | undefined {
  const last = /^-[^-]/.test(flag) ? `-${flag.at(-1)}` : flag;
  return command.options.find(
    ({ long, short }) => long === flag || short === flag || short === last,
  );
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

function optionCandidates(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .map((option) => ({
      value: option.long ?? option.short ?? '',
      description: option.description,
    }));
}

/** `<states>` of `--state <states>`. Of a list, the last is being typed. */
function wantedValue(option: Option, before: string, typed: string) {
  const placeholder = placeholderOf(option);
  const comma = placeholder.endsWith('s') ? typed.lastIndexOf(',') + 1 : 0;
  return {
    placeholder,
    ...(option.argChoices !== undefined && { choices: option.argChoices }),
    before: before + typed.slice(0, comma),
    prefix: typed.slice(comma),
  };
}

export function placeholderOf(option: Option): string {
  return /[<[]([^>\].]+)/.exec(option.flags)?.[1] ?? '';
}

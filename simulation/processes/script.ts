/**
 * What a virtual process does: a shell command read as far as the simulation's workloads need it, `sleep SECONDS`,
 * `echo TEXT`, `exit CODE`, `true`, `false` and `trap '' TERM`, joined by `;` or `&&`. A word that is not known ends
 * with 127, as a shell would.
 */
export type Step =
  | { readonly kind: 'sleep'; readonly ms: number }
  | { readonly kind: 'echo'; readonly text: string }
  | { readonly kind: 'trapTerm' };

export interface Script {
  readonly steps: readonly Step[];
  readonly exitCode: number;
}

export function readScript(argv: readonly string[]): Script {
  const [program, option, command] = argv;
  const shell = /(^|\/)(sh|bash)$/.test(program ?? '') && option === '-c';
  return readCommands(shell ? (command ?? '').split(/;|&&/) : [argv.join(' ')]);
}

function readCommands(commands: readonly string[]): Script {
  const steps: Step[] = [];
  for (const words of commands.map((command) => command.trim().split(/\s+/))) {
    switch (words[0]) {
      case '':
      case 'true':
      case '/bin/true':
        break;
      case 'sleep':
      case '/bin/sleep':
        steps.push({ kind: 'sleep', ms: Number(words[1]) * 1000 });
        break;
      case 'echo':
      case '/bin/echo':
        steps.push({ kind: 'echo', text: `${words.slice(1).join(' ')}\n` });
        break;
      case 'trap':
        steps.push({ kind: 'trapTerm' });
        break;
      case 'exit':
        return { steps, exitCode: Number(words[1] ?? 0) };
      case 'false':
      case '/bin/false':
        return { steps, exitCode: 1 };
      default:
        return { steps, exitCode: 127 };
    }
  }
  return { steps, exitCode: 0 };
}

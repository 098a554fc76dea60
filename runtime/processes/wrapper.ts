/** How the wrapper is called: see wrapper.sh for what it does. */
import { join } from 'node:path';

const SCRIPT = join(import.meta.dirname, 'wrapper.sh');

export interface WrapperArguments {
  readonly runDirectory: string;
  readonly bootId: string;
  readonly openFiles?: number;
  readonly addressSpaceMiB?: number;
  readonly fileSizeMiB?: number;
  readonly command: readonly string[];
}

/** Arguments of `/bin/sh`. */
export function wrapperArguments(wrapper: WrapperArguments): string[] {
  const { openFiles, fileSizeMiB, addressSpaceMiB } = wrapper;
  // `ulimit -f` counts in blocks of 512 bytes in sh, `-v` in KiB.
  const limits = [
    openFiles,
    fileSizeMiB && fileSizeMiB * 2048,
    addressSpaceMiB && addressSpaceMiB * 1024,
  ];
  return [
    SCRIPT,
    wrapper.runDirectory,
    wrapper.bootId,
    ...limits.map((limit) => (limit === undefined ? '' : String(limit))),
    ...wrapper.command,
  ];
}

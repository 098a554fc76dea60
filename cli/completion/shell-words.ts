/** The words of a command line as a shell would read them; the last is the one that is being typed. */

/** Quotes and backslashes are taken away; a quote that is still open goes to the end. */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  let word = '';
  let isOpen = false;
  let quote = '';
  for (let index = 0; index < line.length; index++) {
    const character = line[index]!;
    if (quote === '' && /\s/.test(character)) {
      if (isOpen) words.push(word);
      word = '';
      isOpen = false;
      continue;
    }
    isOpen = true;
    if (character === '\\' && quote !== "'") word += line[++index] ?? '';
    else if (quote === '' && (character === '"' || character === "'")) quote = character;
    else if (character === quote) quote = '';
    else word += character;
  }
  return [...words, word];
}

/** As it must be typed in bash outside of quotes. */
export function escapedForShell(word: string): string {
  return word.replace(/[^A-Za-z0-9_./:=,@%+-]/g, '\\$&');
}

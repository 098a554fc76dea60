/** ZooKeeper's four-letter words, as `FourLetterCommands` lists them. */

export const fourLetterWords = [
  'conf',
  'cons',
  'crst',
  'dirs',
  'dump',
  'envi',
  'gtmk',
  'hash',
  'isro',
  'mntr',
  'ruok',
  'srst',
  'srvr',
  'stat',
  'stmk',
  'wchc',
  'wchp',
  'wchs',
] as const;

export type FourLetterWord = (typeof fourLetterWords)[number];

/** The first four bytes of a connection, as text, are one of them: they are no length of a frame then. */
export function isFourLetterWord(text: string): text is FourLetterWord {
  return (fourLetterWords as readonly string[]).includes(text);
}

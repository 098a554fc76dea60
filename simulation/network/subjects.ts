/** NATS subjects: tokens between dots; in a subscription `*` stands for one token and a final `>` for one or more. */
export function hasWildcard(pattern: string): boolean {
  return pattern
    .split('.')
    .some((token, index, all) => token === '*' || (token === '>' && index === all.length - 1));
}

export function matchesSubject(pattern: readonly string[], subject: readonly string[]): boolean {
  for (let index = 0; index < pattern.length; index++) {
    const token = pattern[index];
    if (token === '>' && index === pattern.length - 1) return subject.length > index;
    if (index >= subject.length || (token !== '*' && token !== subject[index])) return false;
  }
  return pattern.length === subject.length;
}

/** Subjects that may be published on: not empty, no empty token, no white space, no wildcard token. */
export function isPublishable(subject: string): boolean {
  return (
    subject !== '' &&
    !/\s/.test(subject) &&
    subject.split('.').every((token) => token !== '' && token !== '*' && token !== '>')
  );
}

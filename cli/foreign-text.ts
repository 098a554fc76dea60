/**
 * Text that came from elsewhere (names, hostnames, messages of tasks and frameworks) as it may stand in a line: without
 * what would move the cursor, change colours or turn the direction of writing. As many characters as before.
 */
export function foreignText(text: string): string {
  return text
    .replace(/[\t\n\r\u2028\u2029]/gu, ' ')
    .replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}

/** A statechart's state as a path: `leading`, `elected.leading.serving`; parallel ones with commas between them. */
export function statePath(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value as Record<string, unknown>)
    .map(([name, inner]) => {
      const path = statePath(inner);
      return path === '' ? name : `${name}.${path}`;
    })
    .join(',');
}

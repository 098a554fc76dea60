/** A time as Java's `Date` prints it, always in UTC: `Wed Nov 25 07:05:00 UTC 2026`. */

const DAY_MS = 86_400_000;
const weekdays = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed'] as const;
const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

export function javaDate(epochMs: number): string {
  const days = Math.floor(epochMs / DAY_MS);
  const seconds = Math.floor((epochMs - days * DAY_MS) / 1000);
  const clock = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((part) => two(part));
  const { year, month, day } = civilFromDays(days);
  const weekday = weekdays[((days % 7) + 7) % 7];
  return `${weekday} ${months[month - 1]} ${two(day)} ${clock.join(':')} UTC ${year}`;
}

const two = (value: number) => String(Math.floor(value)).padStart(2, '0');

/** Actors have no `Date`: the days since 1970 in eras of 400 years, with the year begun in March (Howard Hinnant). */
function civilFromDays(days: number) {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}

/** A day in this machine's time zone, as `2026-11-22`. @param daysBefore counts back from the day of `time` */
export function localDay(time: number, daysBefore = 0): string {
  const date = new Date(time)
  // Noon exists once on every day, whatever daylight saving does.
  date.setHours(12, 0, 0, 0)
  date.setDate(date.getDate() - daysBefore)
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(twoDigits).join('-')
}

/** A time in this machine's time zone, as `11-23 16:00`. */
export function localTime(time: number): string {
  const date = new Date(time)
  const [month, day, hours, minutes] = [date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes()]
    .map(twoDigits)
  return `${month}-${day} ${hours}:${minutes}`
}

function twoDigits(value: number) {
  return String(value).padStart(2, '0')
}

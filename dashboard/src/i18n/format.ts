import type { Language } from ".";

const LOCALES: Record<Language, string> = { id: "id-ID", en: "en-GB" };
const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

export interface Formats {
  number: (value: number) => string;
  percent: (share: number) => string;
  bytes: (bytes: number) => string;
  duration: (milliseconds: number) => string;
  exact: (at: string) => string;
  time: (at: string) => string;
  day: (at: string) => string;
  shortDay: (at: string) => string;
  /** The calendar day in the workspace's zone, to group by. */
  dayKey: (at: string) => string;
  relative: (at: string, now: number) => string;
}

export function formats(language: Language, timeZone: string): Formats {
  const locale = LOCALES[language];
  const number = new Intl.NumberFormat(locale);
  const decimal = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
  const date = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, { timeZone, ...options });
  const exact = date({ dateStyle: "medium", timeStyle: "medium" });
  const time = date({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = date({ weekday: "long", day: "numeric", month: "long" });
  const dayKey = new Intl.DateTimeFormat("en-CA", { timeZone, dateStyle: "short" });
  const shortDay = date({ day: "numeric", month: "short" });
  const short = date({ day: "numeric", month: "short", year: "numeric" });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });

  return {
    number: (value) => number.format(value),
    percent: (share) => percent.format(share),
    bytes: (bytes) =>
      bytes < 1_048_576 ? `${decimal.format(bytes / 1024)} KB` : `${decimal.format(bytes / 1_048_576)} MB`,
    duration: (ms) => (ms < 1_000 ? `${number.format(Math.round(ms))} ms` : `${decimal.format(ms / 1_000)} s`),
    exact: (at) => exact.format(new Date(at)),
    time: (at) => time.format(new Date(at)),
    day: (at) => day.format(new Date(at)),
    shortDay: (at) => shortDay.format(new Date(at)),
    dayKey: (at) => dayKey.format(new Date(at)),
    relative: (at, now) => {
      const seconds = Math.round((Date.parse(at) - now) / 1_000);
      const far = Math.abs(seconds);
      if (far > 30 * 86_400) return short.format(new Date(at));
      for (const [unit, size] of STEPS) if (far >= size) return relative.format(Math.trunc(seconds / size), unit);
      return relative.format(far < 5 ? 0 : seconds, "second");
    },
  };
}

/** The numbers of a text's `{{1}}`, ascending, each once. */
export function placeholders(text: string): number[] {
  const found = [...text.matchAll(/\{\{(\d+)\}\}/g)].map((match) => Number(match[1]));
  return [...new Set(found)].sort((a, b) => a - b);
}

/** The text with its placeholders filled in; those without a value stay as they are. */
export function filled(text: string, values: readonly string[]): string {
  return text.replace(/\{\{(\d+)\}\}/g, (place, number: string) => values[Number(number) - 1] || place);
}

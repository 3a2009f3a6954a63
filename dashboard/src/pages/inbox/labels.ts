/** What was changed in a set of labels, apart from what others did to it meanwhile. */
export interface LabelChange {
  added: readonly string[];
  removed: readonly string[];
}

export const UNCHANGED: LabelChange = { added: [], removed: [] };

/** What makes `wanted` out of `labels`. */
export function changeTo(labels: readonly string[], wanted: readonly string[]): LabelChange {
  return {
    added: wanted.filter((each) => !labels.includes(each)),
    removed: labels.filter((each) => !wanted.includes(each)),
  };
}

/** The labels, so changed. */
export function changed(labels: readonly string[], { added, removed }: LabelChange): string[] {
  return [...labels.filter((each) => !removed.includes(each)), ...added.filter((each) => !labels.includes(each))];
}

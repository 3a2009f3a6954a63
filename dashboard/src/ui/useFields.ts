import { type ChangeEvent, useEffect, useRef, useState } from "react";
import { ApiError } from "~/api/errors";
import type { FieldError } from "~/api/types";

/** Whether a complaint about `field` belongs to the input of `name`: `allow_ips[0]` to that of `allow_ips`. */
function belongs(field: string, name: string): boolean {
  return field === name || field.startsWith(`${name}[`) || field.startsWith(`${name}.`);
}

/** What the server finds wrong with the input of `name`. */
export function complaint(fields: readonly FieldError[], name: string): string | undefined {
  return fields.find(({ field }) => belongs(field, name))?.message;
}

/** Whether each complaint has an input that shows it. */
export function shownAll(fields: readonly FieldError[], names: Iterable<string>): boolean {
  const inputs = [...names];
  return fields.length > 0 && fields.every(({ field }) => inputs.some((name) => belongs(field, name)));
}

/** What {@link useAct} asks of a form. */
export interface Form {
  /** Notes why it failed; whether the form's own inputs tell all of it. */
  failed: (error: unknown) => boolean;
}

/**
 * The values of a form. `text("name")` are the props of a text field, with the server's complaint about it; `error("name")` is the
 * complaint alone. Each name that is asked for is one that the form shows.
 */
export function useFields<Values extends Record<string, unknown>>(initial: Values) {
  const [values, setValues] = useState(initial);
  const [bad, setBad] = useState<readonly FieldError[]>([]);
  const inputs = useRef(new Set<string>());
  const here = useRef(false);
  useEffect(() => {
    here.current = true;
    return () => {
      here.current = false;
    };
  }, []);

  function set<K extends keyof Values>(name: K, value: Values[K]) {
    setValues((before) => ({ ...before, [name]: value }));
  }
  function error(name: string): string | undefined {
    inputs.current.add(name);
    return complaint(bad, name);
  }
  return {
    values,
    set,
    setValues,
    error,
    clear: () => setBad([]),
    failed: (error: unknown) => {
      const fields = error instanceof ApiError ? error.fields : [];
      setBad(fields);
      return here.current && shownAll(fields, inputs.current);
    },
    text: <K extends keyof Values & string>(name: K, field: string = name) => ({
      value: String(values[name] ?? ""),
      onChange: (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) =>
        set(name, event.currentTarget.value as Values[K]),
      error: error(field),
      // Not every input says so itself.
      "aria-invalid": error(field) ? true : undefined,
    }),
  };
}

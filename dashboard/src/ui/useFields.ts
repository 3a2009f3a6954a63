import { type ChangeEvent, useState } from "react";
import { fieldErrors } from "~/api/errors";

/** The values of a form. `text("name")` are the props of a text field, with the server's complaint about it. */
export function useFields<Values extends Record<string, unknown>>(initial: Values) {
  const [values, setValues] = useState(initial);
  const [error, setError] = useState<unknown>(null);
  const errors = fieldErrors(error);

  function set<K extends keyof Values>(name: K, value: Values[K]) {
    setValues((before) => ({ ...before, [name]: value }));
  }
  return {
    values,
    set,
    setValues,
    errors,
    setError,
    text: <K extends keyof Values & string>(name: K, field: string = name) => ({
      value: String(values[name] ?? ""),
      onChange: (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) =>
        set(name, event.currentTarget.value as Values[K]),
      error: errors[field],
    }),
  };
}

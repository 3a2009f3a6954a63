import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { toast } from "./toasts";
import type { Form } from "./useFields";

interface Options<Result> {
  /** What to say when it is done. */
  done?: string;
  /** What to read anew. */
  refresh?: QueryKey[];
  /** Whoever acts shows by itself why it failed. */
  quiet?: boolean;
  /** The form that shows which of its fields were bad. */
  form?: Form;
  /** Acts of one name reach the server in the order in which they were done, one after the other. */
  inTurn?: string;
  after?: (result: Result) => void;
}

/** Something a person does to the server: says how it went, and reads anew what it changed. What a form does not show is told beside it. */
export function useAct<Args, Result>(act: (args: Args) => Promise<Result>, options: Options<Result> = {}) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: act,
    ...(options.inTurn && { scope: { id: options.inTurn } }),
    onSuccess: (result) => {
      if (options.done) toast.ok(options.done);
      for (const key of options.refresh ?? []) void client.invalidateQueries({ queryKey: key });
      options.after?.(result);
    },
    onError: (error) => {
      const shown = options.form?.failed(error) ?? false;
      if (!shown && !options.quiet) toast.failed(error);
    },
  });
}

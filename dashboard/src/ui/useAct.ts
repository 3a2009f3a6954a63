import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { ApiError } from "~/api/errors";
import { toast } from "./toasts";

interface Options<Result> {
  /** What to say when it is done. */
  done?: string;
  /** What to read anew. */
  refresh?: QueryKey[];
  /** Whoever acts shows by itself why it failed. */
  quiet?: boolean;
  after?: (result: Result) => void;
}

/** Something a person does to the server: says how it went, and reads anew what it changed. Bad fields are left to the form. */
export function useAct<Args, Result>(act: (args: Args) => Promise<Result>, options: Options<Result> = {}) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: (result) => {
      if (options.done) toast.ok(options.done);
      for (const key of options.refresh ?? []) void client.invalidateQueries({ queryKey: key });
      options.after?.(result);
    },
    onError: (error) => {
      if (!options.quiet && !(error instanceof ApiError && error.fields.length > 0)) toast.failed(error);
    },
  });
}

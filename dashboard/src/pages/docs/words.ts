import { queryOptions, useQuery } from "@tanstack/react-query";
import { useI18n } from "~/i18n";
import type { Operation, Response } from "./openapi";

/** What the API document says, in the reader's language. */
export interface Words {
  chapter: (tag: string) => string;
  title: (operation: Operation) => string;
  about: (operation: Operation) => string | undefined;
  /** Of a parameter or field. */
  meaning: (description: string | undefined) => string;
  answer: (response: Response) => string;
}

const ENGLISH: Words = {
  chapter: (tag) => tag,
  title: ({ summary }) => summary,
  about: ({ description }) => description,
  meaning: (description) => description ?? "",
  answer: ({ description }) => description ?? "",
};

/** The Indonesian texts are as long as the document itself: they come when somebody reads them. */
const indonesianQuery = queryOptions({
  queryKey: ["reference", "id"],
  queryFn: async (): Promise<Words> => {
    const { OPERATIONS, TAGS, described } = await import("~/i18n/id/reference");
    const meaning = (description = "") => described(description) ?? description;
    return {
      chapter: (tag) => TAGS[tag] ?? tag,
      title: ({ operationId, summary }) => OPERATIONS[operationId]?.name ?? summary,
      about: ({ operationId, description }) => {
        const said = OPERATIONS[operationId];
        return said ? said.about : description;
      },
      meaning,
      // The server's refusals it says itself in both languages.
      answer: (response) => response["x-description-id"] ?? meaning(response.description),
    };
  },
  staleTime: Number.POSITIVE_INFINITY,
});

export function useWords() {
  const { language } = useI18n();
  const indonesian = useQuery({ ...indonesianQuery, enabled: language === "id" });
  return language === "id" ? indonesian : { ...indonesian, data: ENGLISH, error: null };
}

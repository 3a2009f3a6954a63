import { Button, PasswordInput, Textarea, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Play } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useI18n } from "~/i18n";
import { Code, pretty } from "~/ui/Code";
import { Notice } from "~/ui/Notice";
import css from "./docs.module.css";
import { type Document, exampleBody, type Operation, type Parameter } from "./openapi";

interface Props {
  document: Document;
  operation: Operation;
  parameters: Parameter[];
}

/** Sends the request for real, with a key that is kept in this field alone. */
export function TryIt({ document, operation, parameters }: Props) {
  const { t, language } = useI18n();
  const [key, setKey] = useState("");
  const [values, setValues] = useState<Record<string, string>>({});
  const [body, setBody] = useState(() => exampleBody(document, operation));

  const run = useMutation({
    mutationFn: async () => {
      const started = performance.now();
      const response = await fetch(address(operation, parameters, values), {
        method: operation.method,
        // The key decides, not the cookie of whoever is signed in.
        credentials: "omit",
        headers: {
          "Accept-Language": language,
          ...(key && { Authorization: `Bearer ${key.trim()}` }),
          ...(body !== null && { "Content-Type": "application/json" }),
          ...Object.fromEntries(
            parameters
              .filter((each) => each.in === "header" && values[each.name])
              .map(({ name }) => [name, values[name] ?? ""]),
          ),
        },
        body: body ?? undefined,
      });
      return { status: response.status, text: await response.text(), ms: performance.now() - started };
    },
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    run.mutate();
  }
  // These never end: a stream is followed, not waited for.
  if (operation.path.endsWith("/link/events") || operation.path === "/v1/stream") return null;
  return (
    <form className="stack" onSubmit={submit}>
      <h3>{t("reference.try")}</h3>
      <div className={css.tryFields}>
        <PasswordInput
          label={t("keys.key")}
          placeholder="sk_test_…"
          value={key}
          onChange={(event) => setKey(event.currentTarget.value)}
          autoComplete="off"
          visibilityToggleButtonProps={{ "aria-label": t("signin.showPassword") }}
        />
        {parameters
          .filter((each) => each.in !== "cookie")
          .map(({ name, required }) => (
            <TextInput
              key={name}
              label={name}
              required={required}
              value={values[name] ?? ""}
              onChange={(event) => setValues((now) => ({ ...now, [name]: event.target.value }))}
            />
          ))}
      </div>
      {body !== null && (
        <Textarea
          label={t("reference.body")}
          value={body}
          onChange={(event) => setBody(event.currentTarget.value)}
          autosize
          minRows={3}
          maxRows={16}
          classNames={{ input: "mono" }}
        />
      )}
      <div>
        <Button type="submit" leftSection={<Play size={15} />} loading={run.isPending}>
          {t("reference.send")}
        </Button>
      </div>
      {run.error && <Notice tone="bad">{run.error.message}</Notice>}
      {run.data && (
        <div role="status">
          <Code
            text={`HTTP ${run.data.status} · ${Math.round(run.data.ms)} ms\n\n${pretty(run.data.text)}`}
            label={t("reference.answer")}
          />
        </div>
      )}
    </form>
  );
}

function address(operation: Operation, parameters: Parameter[], values: Record<string, string>): string {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ""));
  const query = new URLSearchParams(
    parameters.filter((each) => each.in === "query" && values[each.name]).map(({ name }) => [name, values[name] ?? ""]),
  ).toString();
  return query ? `${path}?${query}` : path;
}

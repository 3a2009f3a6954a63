import { useState } from "react";
import { useI18n } from "~/i18n";
import { Table } from "~/ui/Table";
import css from "./docs.module.css";
import {
  answerData,
  answered,
  type Document,
  fields,
  type Operation,
  type Parameter,
  resolved,
  type Schema,
} from "./openapi";
import { Prose } from "./Prose";
import { TryIt } from "./TryIt";
import type { Words } from "./words";

interface Props {
  document: Document;
  operation: Operation;
  words: Words;
}

export function OperationCard({ document, operation, words }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <details className={css.operation} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span className={css.method}>{operation.method}</span>
        <code>{operation.path}</code>
        <span className="dim">{words.title(operation)}</span>
      </summary>
      {open && <Inside document={document} operation={operation} words={words} />}
    </details>
  );
}

function Inside({ document, operation, words }: Props) {
  const { t } = useI18n();
  const parameters = (operation.parameters ?? []).filter((each) => !each.$ref);
  const about = words.about(operation);
  const body = operation.requestBody?.content["application/json"]?.schema;
  const data = answerData(document, operation);
  return (
    <div className={`${css.inside} stack`}>
      {about && <Prose text={about} />}
      {parameters.length > 0 && <Parameters document={document} parameters={parameters} words={words} />}
      {body && (
        <Fields label={t("reference.body")} document={document} schema={resolved(document, body)} words={words} />
      )}
      <h3>{t("reference.answers")}</h3>
      <dl className="stack tight">
        {Object.entries(operation.responses).map(([status, response]) => (
          <div key={status} className="row top">
            <dt>
              <code>{status}</code>
            </dt>
            <dd className="grow small dim">
              <Prose text={words.answer(answered(document, response))} />
            </dd>
          </div>
        ))}
      </dl>
      {data && <Fields label={t("reference.data")} document={document} schema={data} words={words} />}
      <TryIt document={document} operation={operation} parameters={parameters} />
    </div>
  );
}

interface ParametersProps {
  document: Document;
  parameters: Parameter[];
  words: Words;
}

function Parameters({ document, parameters, words }: ParametersProps) {
  const { t } = useI18n();
  return (
    <Table
      label={t("reference.parameters")}
      head={[t("reference.parameters"), t("reference.where"), t("reference.meaning")]}
    >
      {parameters.map((parameter) => (
        <tr key={`${parameter.in}-${parameter.name}`}>
          <td>
            <code>{parameter.name}</code>
            {parameter.required && <span className="small dim"> {t("reference.required")}</span>}
          </td>
          <td>{parameter.in}</td>
          <td>
            <Prose text={words.meaning(parameter.description ?? resolved(document, parameter.schema).description)} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

interface FieldsProps {
  label: string;
  document: Document;
  schema: Schema;
  words: Words;
}

function Fields({ label, document, schema, words }: FieldsProps) {
  const { t } = useI18n();
  const all = fields(document, schema);
  if (all.length === 0) return null;
  return (
    <Table label={label} head={[label, t("reference.type"), t("reference.meaning")]}>
      {all.map(({ path, required, type, description }) => (
        <tr key={path}>
          <td>
            <code>{path}</code>
            {required && <span className="small dim"> {t("reference.required")}</span>}
          </td>
          <td className="mono">{type}</td>
          <td>
            <Prose text={words.meaning(description)} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

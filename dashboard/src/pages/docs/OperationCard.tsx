import { useState } from "react";
import { useI18n } from "~/i18n";
import { Table } from "~/ui/Table";
import css from "./docs.module.css";
import {
  type Document,
  type Operation,
  type Parameter,
  resolved,
  responseText,
  type Schema,
  typeName,
} from "./openapi";
import { Prose } from "./Prose";
import { TryIt } from "./TryIt";

interface Props {
  document: Document;
  operation: Operation;
  title: string;
  about: string | undefined;
}

export function OperationCard({ document, operation, title, about }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <details className={css.operation} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span className={css.method}>{operation.method}</span>
        <code>{operation.path}</code>
        <span className="dim">{title}</span>
      </summary>
      {open && <Inside document={document} operation={operation} about={about} />}
    </details>
  );
}

function Inside({ document, operation, about }: Omit<Props, "title">) {
  const { t } = useI18n();
  const parameters = (operation.parameters ?? []).filter((each) => !each.$ref);
  const body = operation.requestBody?.content["application/json"]?.schema;
  return (
    <div className={`${css.inside} stack`}>
      {about && <Prose text={about} />}
      {parameters.length > 0 && <Parameters document={document} parameters={parameters} />}
      {body && <Fields document={document} schema={resolved(document, body)} />}
      <h3>{t("reference.answers")}</h3>
      <dl className="stack tight">
        {Object.entries(operation.responses).map(([status, response]) => (
          <div key={status} className="row top">
            <dt>
              <code>{status}</code>
            </dt>
            <dd className="grow small dim">
              <Prose text={responseText(document, response)} />
            </dd>
          </div>
        ))}
      </dl>
      <TryIt document={document} operation={operation} parameters={parameters} />
    </div>
  );
}

function Parameters({ document, parameters }: { document: Document; parameters: Parameter[] }) {
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
            <Prose text={parameter.description ?? resolved(document, parameter.schema).description ?? ""} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

function Fields({ document, schema }: { document: Document; schema: Schema }) {
  const { t } = useI18n();
  if (!schema.properties) return null;
  return (
    <Table label={t("reference.body")} head={[t("reference.body"), t("reference.type"), t("reference.meaning")]}>
      {Object.entries(schema.properties).map(([name, field]) => {
        const found = resolved(document, field);
        return (
          <tr key={name}>
            <td>
              <code>{name}</code>
              {schema.required?.includes(name) && <span className="small dim"> {t("reference.required")}</span>}
            </td>
            <td className="mono">{typeName(found)}</td>
            <td>
              <Prose text={field.description ?? found.description ?? ""} />
            </td>
          </tr>
        );
      })}
    </Table>
  );
}

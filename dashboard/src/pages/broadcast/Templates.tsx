import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { FileText, Plus } from "lucide-react";
import { templatesQuery } from "~/api/queries";
import type { Template } from "~/api/types";
import { useI18n } from "~/i18n";
import { Copy } from "~/ui/Copy";
import { Gate } from "~/ui/Gate";
import { Page } from "~/ui/Page";
import { Loaded, Status } from "~/ui/Status";
import { Ago } from "~/ui/Time";
import css from "./broadcast.module.css";

export default function Templates() {
  const { t } = useI18n();
  const templates = useQuery(templatesQuery);
  const add = (
    <Button component={Link} to="/broadcast/templates/new" leftSection={<Plus size={16} />}>
      {t("templates.add")}
    </Button>
  );
  return (
    <Gate part="settings">
      <Page title={t("templates.title")} about={t("templates.about")} actions={add}>
        <Loaded query={templates}>
          {(all) =>
            all.length === 0 ? (
              <Status icon={FileText} title={t("templates.none")} action={add}>
                {t("templates.noneAbout")}
              </Status>
            ) : (
              <div className={css.cards}>
                {all.map((template) => (
                  <Card key={template.id} template={template} />
                ))}
              </div>
            )
          }
        </Loaded>
      </Page>
    </Gate>
  );
}

function Card({ template }: { template: Template }) {
  const { t } = useI18n();
  return (
    <article className={`card ${css.template}`}>
      <div className="row between">
        <Link to="/broadcast/templates/$id" params={{ id: String(template.id) }} className="cut">
          <strong>{template.name}</strong>
        </Link>
        <Copy text={String(template.id)} label={t("templates.copyId")} />
      </div>
      <p className={`${css.excerpt} dim`}>{template.text}</p>
      <span className="small dim">
        {t("templates.changed")} <Ago at={template.updated_at} />
      </span>
    </article>
  );
}

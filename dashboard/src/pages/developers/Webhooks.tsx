import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus, Webhook as WebhookIcon } from "lucide-react";
import { useState } from "react";
import { webhooksQuery } from "~/api/queries";
import { useI18n } from "~/i18n";
import { Page } from "~/ui/Page";
import { Loaded, Status } from "~/ui/Status";
import { Table } from "~/ui/Table";
import { WebhookForm } from "./WebhookForm";
import { WebhookStateView } from "./WebhookStateView";

export default function Webhooks() {
  const { t } = useI18n();
  const webhooks = useQuery(webhooksQuery);
  const [adding, setAdding] = useState(false);
  const add = (
    <Button leftSection={<Plus size={16} />} onClick={() => setAdding(true)}>
      {t("webhooks.add")}
    </Button>
  );
  return (
    <Page title={t("webhooks.title")} about={t("webhooks.about")} actions={add}>
      <Loaded query={webhooks}>
        {(all) =>
          all.length === 0 ? (
            <Status icon={WebhookIcon} title={t("webhooks.none")} action={add}>
              {t("webhooks.noneAbout")}
            </Status>
          ) : (
            <Table label={t("webhooks.title")} head={[t("webhooks.url"), t("webhooks.events"), t("webhooks.state")]}>
              {all.map((webhook) => (
                <tr key={webhook.id}>
                  <td>
                    <Link to="/developers/webhooks/$id" params={{ id: webhook.id }}>
                      {webhook.url}
                    </Link>
                  </td>
                  <td>{webhook.events.length > 0 ? webhook.events.join(", ") : t("webhooks.all")}</td>
                  <td>
                    <WebhookStateView webhook={webhook} />
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </Loaded>
      <WebhookForm opened={adding} onClose={() => setAdding(false)} />
    </Page>
  );
}

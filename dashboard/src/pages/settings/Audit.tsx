import { useInfiniteQuery } from "@tanstack/react-query";
import { ScrollText } from "lucide-react";
import { auditQuery } from "~/api/queries";
import { rows } from "~/api/query";
import { useI18n } from "~/i18n";
import { AUDITED, OPERATIONS } from "~/i18n/id/reference/operations";
import { Copy } from "~/ui/Copy";
import { Gate } from "~/ui/Gate";
import { Page } from "~/ui/Page";
import { Loaded, Status } from "~/ui/Status";
import { More, Table } from "~/ui/Table";
import { Ago } from "~/ui/Time";

/** `revokeApiKey` as words. */
function words(action: string): string {
  return action
    .replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`)
    .replace(/^./, (letter) => letter.toUpperCase());
}

function indonesian(action: string): string | undefined {
  return OPERATIONS[action]?.name ?? AUDITED[action];
}

/** Who did what. */
export default function Audit() {
  const { t, language } = useI18n();
  const query = useInfiniteQuery(auditQuery);
  return (
    <Gate part="audit">
      <Page title={t("settings.audit")} about={t("audit.about")}>
        <Loaded query={query}>
          {(data) => {
            const entries = rows(data);
            if (entries.length === 0)
              return (
                <Status icon={ScrollText} title={t("audit.none")}>
                  {t("audit.noneAbout")}
                </Status>
              );
            return (
              <>
                <Table
                  label={t("settings.audit")}
                  head={[t("common.time"), t("audit.who"), t("audit.what"), t("audit.target"), t("audit.from")]}
                >
                  {entries.map((entry) => (
                    <tr key={entry.id}>
                      <td>
                        <Ago at={entry.at} />
                      </td>
                      <td>{entry.actor.name}</td>
                      <td>
                        {(language === "id" && indonesian(entry.action)) || words(entry.action)}
                        {entry.detail && <div className="small dim">{entry.detail}</div>}
                      </td>
                      <td>{entry.target ? <Copy text={entry.target} /> : "—"}</td>
                      <td>{entry.address ?? "—"}</td>
                    </tr>
                  ))}
                </Table>
                <More query={query} />
              </>
            );
          }}
        </Loaded>
      </Page>
    </Gate>
  );
}

import { Button } from "@mantine/core";
import { Ban, LogOut, Replace, ShieldAlert, WifiOff } from "lucide-react";
import { answer, api } from "~/api/client";
import type { Device, UsePhone } from "~/api/types";
import { useI18n } from "~/i18n";
import { useAct } from "~/ui/useAct";

type Happening = Extract<
  UsePhone["type"],
  "disconnected" | "restricted" | "logged_out" | "replaced_elsewhere" | "banned"
>;

/** With how long it lasts, where it passes. */
const HAPPENINGS: readonly { type: Happening; icon: typeof Ban; seconds?: number }[] = [
  { type: "disconnected", icon: WifiOff, seconds: 30 },
  { type: "restricted", icon: ShieldAlert, seconds: 600 },
  { type: "logged_out", icon: LogOut },
  { type: "replaced_elsewhere", icon: Replace },
  { type: "banned", icon: Ban },
];

/** What can happen to an account, at a press. */
export function AccountActs({ device, linked }: { device: Device; linked: boolean }) {
  const { t } = useI18n();
  const happen = useAct(
    (body: UsePhone) => answer(api.POST("/v1/devices/{id}/phone", { params: { path: { id: device.id } }, body })),
    { refresh: [["devices"]] },
  );
  return (
    <section className="card stack" aria-labelledby="happenings">
      <h2 id="happenings">{t("phone.happenings")}</h2>
      <p className="small dim">{t("phone.happeningsAbout")}</p>
      <div className="row wrap">
        {HAPPENINGS.filter(({ type }) => linked || type === "disconnected").map(({ type, icon: Icon, seconds }) => (
          <Button
            key={type}
            size="xs"
            variant="default"
            leftSection={<Icon size={14} />}
            disabled={happen.isPending}
            onClick={() => happen.mutate({ type, ...(seconds && { seconds }) })}
          >
            {t(`phoneHappening.${type}`)}
          </Button>
        ))}
      </div>
    </section>
  );
}

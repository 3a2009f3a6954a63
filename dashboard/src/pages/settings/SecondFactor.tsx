import { Button, PasswordInput, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { answer, api } from "~/api/client";
import { useI18n } from "~/i18n";
import { useSession } from "~/shell/session";
import { Copy } from "~/ui/Copy";
import { Notice } from "~/ui/Notice";
import { Qr } from "~/ui/Qr";
import { State } from "~/ui/State";
import { useAct } from "~/ui/useAct";
import { useFields } from "~/ui/useFields";
import css from "./settings.module.css";

/** Signing in by a code of an app as well. */
export function SecondFactor() {
  const { t } = useI18n();
  const { user } = useSession();
  const [codes, setCodes] = useState<string[] | null>(null);
  return (
    <section className={`card stack ${css.form}`}>
      <div className="row between">
        <h2>{t("totp.title")}</h2>
        <State tone={user.totp ? "ok" : "off"} label={user.totp ? t("totp.on") : t("totp.off")} />
      </div>
      <p className="dim">{t("totp.about")}</p>
      {codes && (
        <>
          <Notice tone="warn">{t("totp.codesOnce")}</Notice>
          <ul className={`plain ${css.codes}`} aria-label={t("totp.codes")}>
            {codes.map((code) => (
              <li key={code}>{code}</li>
            ))}
          </ul>
          <Copy text={codes.join("\n")} shown={t("totp.copyCodes")} />
        </>
      )}
      {user.totp ? <TurnOff /> : <TurnOn onDone={setCodes} />}
    </section>
  );
}

function TurnOn({ onDone }: { onDone: (codes: string[]) => void }) {
  const { t } = useI18n();
  const form = useFields({ code: "" });
  const begin = useAct(() => answer(api.POST("/v1/session/totp")));
  const confirm = useAct(() => answer(api.POST("/v1/session/totp/confirm", { body: form.values })), {
    form,
    refresh: [["session"]],
    quiet: true,
    after: ({ recovery_codes }) => onDone(recovery_codes),
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    confirm.mutate(undefined);
  }
  if (!begin.data)
    return (
      <div>
        <Button variant="default" onClick={() => begin.mutate(undefined)} loading={begin.isPending}>
          {t("totp.begin")}
        </Button>
      </div>
    );
  return (
    <form className="stack" onSubmit={submit}>
      <p>{t("totp.scan")}</p>
      <Qr text={begin.data.url} label={t("totp.scan")} size={200} />
      <Copy text={begin.data.secret} />
      <TextInput
        label={t("totp.code")}
        {...form.text("code")}
        error={form.error("code") ?? confirm.error?.message}
        inputMode="numeric"
        autoComplete="one-time-code"
        required
        autoFocus
      />
      <div>
        <Button type="submit" loading={confirm.isPending}>
          {t("totp.confirm")}
        </Button>
      </div>
    </form>
  );
}

function TurnOff() {
  const { t } = useI18n();
  const form = useFields({ password: "" });
  const end = useAct(() => answer(api.DELETE("/v1/session/totp", { body: form.values })), {
    form,
    done: t("totp.ended"),
    refresh: [["session"]],
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    end.mutate(undefined);
  }
  return (
    <form className="stack" onSubmit={submit}>
      <PasswordInput
        label={t("signin.password")}
        {...form.text("password")}
        autoComplete="current-password"
        visibilityToggleButtonProps={{ "aria-label": t("signin.showPassword") }}
        required
      />
      <div>
        <Button type="submit" variant="light" color="red" loading={end.isPending}>
          {t("totp.end")}
        </Button>
      </div>
    </form>
  );
}

import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { answer, api } from "~/api/client";
import { sessionQuery } from "~/api/queries";
import { useI18n } from "~/i18n";
import { useSession } from "~/shell/session";
import { Page } from "~/ui/Page";
import { useAct } from "~/ui/useAct";
import { useFields } from "~/ui/useFields";
import { SecondFactor } from "./SecondFactor";
import css from "./settings.module.css";
import { Look } from "./Workspace";

/** What a person changes about themselves. */
export default function Account() {
  const { t } = useI18n();
  const { user } = useSession();
  return (
    <Page title={t("settings.account")} about={`${user.email} · ${t(`role.${user.role}`)}`}>
      <Name />
      <Look />
      <Password />
      <SecondFactor />
    </Page>
  );
}

function Name() {
  const { t, language } = useI18n();
  const { user } = useSession();
  const client = useQueryClient();
  const form = useFields({ name: user.name });
  const save = useAct(() => answer(api.PATCH("/v1/session", { body: { name: form.values.name, language } })), {
    form,
    done: t("settings.saved"),
    after: (session) => client.setQueryData(sessionQuery.queryKey, session),
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    save.mutate(undefined);
  }
  return (
    <form className={`card stack ${css.form}`} onSubmit={submit}>
      <TextInput label={t("common.name")} {...form.text("name")} autoComplete="name" required />
      <div>
        <Button type="submit" variant="default" loading={save.isPending}>
          {t("common.save")}
        </Button>
      </div>
    </form>
  );
}

const NO_PASSWORDS = { current: "", new: "" };

function Password() {
  const { t } = useI18n();
  const form = useFields(NO_PASSWORDS);
  const eye = { "aria-label": t("signin.showPassword") };
  const change = useAct(() => answer(api.POST("/v1/session/password", { body: form.values })), {
    form,
    done: t("settings.passwordChanged"),
    after: () => form.setValues(NO_PASSWORDS),
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    form.clear();
    change.mutate(undefined);
  }
  return (
    <form className={`card stack ${css.form}`} onSubmit={submit}>
      <h2>{t("settings.password")}</h2>
      <PasswordInput
        label={t("settings.currentPassword")}
        {...form.text("current")}
        autoComplete="current-password"
        visibilityToggleButtonProps={eye}
        required
      />
      <PasswordInput
        label={t("signin.newPassword")}
        description={t("signin.passwordRule")}
        {...form.text("new")}
        autoComplete="new-password"
        visibilityToggleButtonProps={eye}
        required
      />
      <p className="small dim">{t("settings.passwordAbout")}</p>
      <div>
        <Button type="submit" variant="default" loading={change.isPending}>
          {t("settings.changePassword")}
        </Button>
      </div>
    </form>
  );
}

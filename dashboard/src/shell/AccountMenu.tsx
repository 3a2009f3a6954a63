import { Menu, useMantineColorScheme } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Keyboard, Languages, LogOut, Moon, Sun, UserRound } from "lucide-react";
import { answer, api } from "~/api/client";
import { sessionQuery } from "~/api/queries";
import { useI18n } from "~/i18n";
import { useAct } from "~/ui/useAct";
import { useChooseLanguage } from "./language";
import { openShortcuts } from "./Shortcuts";
import { useSession } from "./session";
import css from "./shell.module.css";

export function AccountMenu() {
  const { user, workspace } = useSession();
  return (
    <Menu position="top-start" width={220}>
      <Menu.Target>
        <button type="button" className={css.account}>
          <UserRound size={18} aria-hidden />
          <span className="stack tight grow">
            <span className="cut">{user.name || user.email}</span>
            <span className="cut small dim">{workspace.name}</span>
          </span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Items />
      </Menu.Dropdown>
    </Menu>
  );
}

function Items() {
  const { t, language } = useI18n();
  const choose = useChooseLanguage();
  const { colorScheme, toggleColorScheme } = useMantineColorScheme();
  const client = useQueryClient();
  const dark = colorScheme === "dark";
  const signOut = useAct(() => answer(api.DELETE("/v1/session")), {
    after: () => {
      // First the page of whoever is signed in goes, then what was read for them: nobody watches it any more.
      client.setQueryData(sessionQuery.queryKey, null);
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionQuery.queryKey[0] });
    },
  });
  const other = language === "id" ? "en" : "id";
  return (
    <>
      <Menu.Item component={Link} to="/settings/account" leftSection={<UserRound size={15} />}>
        {t("nav.account")}
      </Menu.Item>
      <Menu.Item leftSection={<Languages size={15} />} onClick={() => choose(other)} lang={other}>
        {other === "en" ? "English" : "Bahasa Indonesia"}
      </Menu.Item>
      <Menu.Item leftSection={dark ? <Sun size={15} /> : <Moon size={15} />} onClick={toggleColorScheme}>
        {dark ? t("nav.light") : t("nav.dark")}
      </Menu.Item>
      <Menu.Item leftSection={<Keyboard size={15} />} onClick={openShortcuts}>
        {t("nav.shortcuts")}
      </Menu.Item>
      <Menu.Divider />
      <Menu.Item leftSection={<LogOut size={15} />} onClick={() => signOut.mutate(undefined)}>
        {t("nav.signOut")}
      </Menu.Item>
    </>
  );
}

AccountMenu.Items = Items;

import { Outlet } from "@tanstack/react-router";
import { Suspense, useState } from "react";
import { useI18n } from "~/i18n";
import { useStream } from "~/live/stream";
import { Loading } from "~/ui/Status";
import { Banner } from "./Banner";
import { BottomBar, Side } from "./Nav";
import { Palette } from "./Palette";
import { usePreloadedPages } from "./preload";
import { Shortcuts } from "./Shortcuts";
import css from "./shell.module.css";

/** The frame around every page of a signed-in person. */
export function Shell() {
  const { t } = useI18n();
  const [searching, setSearching] = useState(false);
  useStream();
  usePreloadedPages();
  return (
    <div className={css.shell}>
      <a className={css.skip} href="#content">
        {t("nav.skip")}
      </a>
      <Side onSearch={() => setSearching(true)} />
      <div className={css.main}>
        <Banner />
        <main className={css.content} id="content" tabIndex={-1}>
          <Suspense fallback={<Loading />}>
            <Outlet />
          </Suspense>
        </main>
      </div>
      <BottomBar onSearch={() => setSearching(true)} />
      <Palette opened={searching} setOpened={setSearching} />
      <Shortcuts />
    </div>
  );
}

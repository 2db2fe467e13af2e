/** What every page behind sign-in needs. Each module has one job and starts itself here. */
import "htmx.org";
import "@github/markdown-toolbar-element";
import { startComposers } from "./composer.js";
import { startDialogs } from "./dialogs.js";
import { startDrafts } from "./drafts.js";
import { startFocus } from "./focus.js";
import { startGuard } from "./guard-ui.js";
import { startMenus } from "./menu.js";
import { startOfflineBar } from "./offline.js";
import { startPreferences } from "./preferences.js";
import { startSearchWindow } from "./search-window.js";
import { startSession } from "./session.js";
import { startShortcuts } from "./shortcuts.js";
import { startTabs } from "./tabs.js";

startMenus();
startPreferences();
startDialogs();
startSession();
startOfflineBar();
startSearchWindow();
startShortcuts();
startDrafts();
startGuard(document);
startComposers();
startTabs();
startFocus();

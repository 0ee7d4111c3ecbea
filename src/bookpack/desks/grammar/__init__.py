"""The grammar desk: proposed corrections of prose, decided one by one."""

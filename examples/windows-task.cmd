chcp 65001 >nul
rem Paste this into cmd.exe (not PowerShell) that runs as administrator, or write it to a file there and start that:
rem   helpdesk schedule windows > schedule.cmd
rem The tasks run as SYSTEM, who has none of your variables: every command reads C:\ProgramData\helpdesk\helpdesk.env by itself,
rem a line NAME='value' for each variable that the configuration names. Let SYSTEM and administrators alone read it, and the state:
rem   icacls "C:\ProgramData\helpdesk\helpdesk.env" /inheritance:r /grant *S-1-5-18:F *S-1-5-32-544:F
rem   icacls "C:\ProgramData\helpdesk" /inheritance:r /grant *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F
rem poll and notify run every minute; verify and a backup of the state once a day. A run that is still going is not started a
rem second time.
rem To remove it all:
rem   for %n in (poll notify verify backup) do schtasks /Delete /F /TN "helpdesk %n"
schtasks /Create /F /TN "helpdesk poll" /SC MINUTE /MO 1 /RU SYSTEM /TR "\"C:\Program Files\helpdesk\helpdesk.exe\" poll"
schtasks /Create /F /TN "helpdesk notify" /SC MINUTE /MO 1 /RU SYSTEM /TR "\"C:\Program Files\helpdesk\helpdesk.exe\" notify"
schtasks /Create /F /TN "helpdesk verify" /SC DAILY /ST 06:17 /RU SYSTEM /TR "\"C:\Program Files\helpdesk\helpdesk.exe\" verify --days 3"
schtasks /Create /F /TN "helpdesk backup" /SC DAILY /ST 06:37 /RU SYSTEM /TR "\"C:\Program Files\helpdesk\helpdesk.exe\" state backup \"C:\ProgramData\helpdesk\helpdesk.db.backup\""

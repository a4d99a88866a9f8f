@echo off
chcp 65001 >nul
rem Makes two tasks of the Windows Task Scheduler that run poll and notify every minute. Run once as administrator.
rem helpdesk schedule windows prints the same for the paths of this machine.
rem
rem   1. Put helpdesk.exe into C:\Program Files\helpdesk and helpdesk.yaml into C:\ProgramData\helpdesk (it is found there).
rem   2. Shut that folder to other users, and put the secrets into helpdesk.env there, a line NAME='value' for each variable that
rem      helpdesk.yaml names (helpdesk init C:\ProgramData\helpdesk writes both files):
rem        icacls C:\ProgramData\helpdesk /inheritance:r /grant *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F
rem      (these are SYSTEM and the administrators, whatever Windows' language)
rem   3. helpdesk check, then this file.
rem
rem Names of folders may be Cyrillic as long as this file is saved as UTF-8 (chcp above).
rem
rem A task that still runs is not started again, that is the scheduler's default. To remove them:
rem   schtasks /Delete /TN "helpdesk poll" /F  and  schtasks /Delete /TN "helpdesk notify" /F

set "EXE=C:\Program Files\helpdesk\helpdesk.exe"
schtasks /Create /F /TN "helpdesk poll"   /SC MINUTE /MO 1 /RU SYSTEM /TR "\"%EXE%\" poll"
if errorlevel 1 exit /b 1
schtasks /Create /F /TN "helpdesk notify" /SC MINUTE /MO 1 /RU SYSTEM /TR "\"%EXE%\" notify"
